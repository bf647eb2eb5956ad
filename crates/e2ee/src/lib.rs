//! MLS members, public groups, SFrame, certificates and every signed structure.
