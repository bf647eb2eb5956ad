//! The MLS library's randomness, cryptography and storage. State lives in memory only and dies with its value: nothing of a
//! group is ever persisted (K2.1).
//!
//! A member's [`Vault`] keeps private encryption keys alone, because those are all that the library reads back while a group
//! lives; the rest of what it would write serves restarts, which we answer by joining afresh. That halves the time of a merge
//! and a third of the WASM. The server's view needs its tree again after a withdrawal and uses the library's own memory.

use crate::crypto::Crypto;
use openmls_traits::OpenMlsProvider;
use openmls_traits::storage::{CURRENT_VERSION, StorageProvider, traits};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use zeroize::Zeroizing;

pub(crate) use openmls_rust_crypto::OpenMlsRustCrypto as ServerProvider;

/// What a member uses.
#[derive(Default)]
pub(crate) struct Provider {
    crypto: Crypto,
    vault: Vault,
}

impl OpenMlsProvider for Provider {
    type CryptoProvider = Crypto;
    type RandProvider = Crypto;
    type StorageProvider = Vault;

    fn storage(&self) -> &Vault {
        &self.vault
    }

    fn crypto(&self) -> &Crypto {
        &self.crypto
    }

    fn rand(&self) -> &Crypto {
        &self.crypto
    }
}

/// Private encryption keys by what the library calls them; wiped when dropped. Postcard, not msgpack, because a format that
/// does not describe itself needs 100 kB less of code in the browser.
#[derive(Default)]
pub(crate) struct Vault(Mutex<HashMap<Vec<u8>, Zeroizing<Vec<u8>>>>);

/// A value that does not serialise: an invariant of the library, never input.
#[derive(Debug)]
pub(crate) struct VaultError;

impl std::fmt::Display for VaultError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a key does not serialise")
    }
}

impl std::error::Error for VaultError {}

const PAIR: u8 = 0;
const EPOCH: u8 = 1;
const PACKAGE: u8 = 2;

type Result<T> = std::result::Result<T, VaultError>;

fn name(family: u8, key: &impl Serialize) -> Result<Vec<u8>> {
    postcard::to_extend(key, vec![family]).map_err(|_| VaultError)
}

impl Vault {
    fn put(&self, family: u8, key: &impl Serialize, value: &impl Serialize) -> Result<()> {
        let value = postcard::to_allocvec(value).map_err(|_| VaultError)?;
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        values.insert(name(family, key)?, Zeroizing::new(value));
        Ok(())
    }

    fn get<V: DeserializeOwned>(&self, family: u8, key: &impl Serialize) -> Result<Option<V>> {
        let values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let value = values.get(&name(family, key)?);
        value
            .map(|value| postcard::from_bytes(value).map_err(|_| VaultError))
            .transpose()
    }

    fn delete(&self, family: u8, key: &impl Serialize) -> Result<()> {
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        values.remove(&name(family, key)?);
        Ok(())
    }
}

/// Methods that write or delete what only a restart would read: nothing happens. Generics in the trait's order, then arguments.
macro_rules! ignored {
    ($($name:ident<$($kind:ident),+>($($argument:ident),+);)*) => {$(
        fn $name<$($kind: traits::$kind<CURRENT_VERSION>),+>(&self, $(_: &$argument),+) -> Result<()> {
            Ok(())
        }
    )*};
}

/// Methods that read what was never written.
macro_rules! absent {
    ($($name:ident<$($kind:ident),+>($key:ident) -> $value:ident;)*) => {$(
        fn $name<$($kind: traits::$kind<CURRENT_VERSION>),+>(&self, _: &$key) -> Result<Option<$value>> {
            Ok(None)
        }
    )*};
}

impl StorageProvider<CURRENT_VERSION> for Vault {
    type Error = VaultError;

    ignored! {
        write_mls_join_config<GroupId, MlsGroupJoinConfig>(GroupId, MlsGroupJoinConfig);
        append_own_leaf_node<GroupId, LeafNode>(GroupId, LeafNode);
        queue_proposal<GroupId, ProposalRef, QueuedProposal>(GroupId, ProposalRef, QueuedProposal);
        write_tree<GroupId, TreeSync>(GroupId, TreeSync);
        write_interim_transcript_hash<GroupId, InterimTranscriptHash>(GroupId, InterimTranscriptHash);
        write_context<GroupId, GroupContext>(GroupId, GroupContext);
        write_confirmation_tag<GroupId, ConfirmationTag>(GroupId, ConfirmationTag);
        write_group_state<GroupState, GroupId>(GroupId, GroupState);
        write_message_secrets<GroupId, MessageSecrets>(GroupId, MessageSecrets);
        write_resumption_psk_store<GroupId, ResumptionPskStore>(GroupId, ResumptionPskStore);
        write_own_leaf_index<GroupId, LeafNodeIndex>(GroupId, LeafNodeIndex);
        write_group_epoch_secrets<GroupId, GroupEpochSecrets>(GroupId, GroupEpochSecrets);
        write_signature_key_pair<SignaturePublicKey, SignatureKeyPair>(SignaturePublicKey, SignatureKeyPair);
        write_psk<PskId, PskBundle>(PskId, PskBundle);
        remove_proposal<GroupId, ProposalRef>(GroupId, ProposalRef);
        delete_own_leaf_nodes<GroupId>(GroupId);
        delete_group_config<GroupId>(GroupId);
        delete_tree<GroupId>(GroupId);
        delete_confirmation_tag<GroupId>(GroupId);
        delete_group_state<GroupId>(GroupId);
        delete_context<GroupId>(GroupId);
        delete_interim_transcript_hash<GroupId>(GroupId);
        delete_message_secrets<GroupId>(GroupId);
        delete_all_resumption_psk_secrets<GroupId>(GroupId);
        delete_own_leaf_index<GroupId>(GroupId);
        delete_group_epoch_secrets<GroupId>(GroupId);
        clear_proposal_queue<GroupId, ProposalRef>(GroupId);
        delete_signature_key_pair<SignaturePublicKey>(SignaturePublicKey);
        delete_psk<PskId>(PskId);
    }

    absent! {
        mls_group_join_config<GroupId, MlsGroupJoinConfig>(GroupId) -> MlsGroupJoinConfig;
        tree<GroupId, TreeSync>(GroupId) -> TreeSync;
        group_context<GroupId, GroupContext>(GroupId) -> GroupContext;
        interim_transcript_hash<GroupId, InterimTranscriptHash>(GroupId) -> InterimTranscriptHash;
        confirmation_tag<GroupId, ConfirmationTag>(GroupId) -> ConfirmationTag;
        group_state<GroupState, GroupId>(GroupId) -> GroupState;
        message_secrets<GroupId, MessageSecrets>(GroupId) -> MessageSecrets;
        resumption_psk_store<GroupId, ResumptionPskStore>(GroupId) -> ResumptionPskStore;
        own_leaf_index<GroupId, LeafNodeIndex>(GroupId) -> LeafNodeIndex;
        group_epoch_secrets<GroupId, GroupEpochSecrets>(GroupId) -> GroupEpochSecrets;
        signature_key_pair<SignaturePublicKey, SignatureKeyPair>(SignaturePublicKey) -> SignatureKeyPair;
        psk<PskBundle, PskId>(PskId) -> PskBundle;
    }

    fn write_encryption_key_pair<
        EncryptionKey: traits::EncryptionKey<CURRENT_VERSION>,
        HpkeKeyPair: traits::HpkeKeyPair<CURRENT_VERSION>,
    >(
        &self,
        public_key: &EncryptionKey,
        key_pair: &HpkeKeyPair,
    ) -> Result<()> {
        self.put(PAIR, public_key, key_pair)
    }

    fn write_encryption_epoch_key_pairs<
        GroupId: traits::GroupId<CURRENT_VERSION>,
        EpochKey: traits::EpochKey<CURRENT_VERSION>,
        HpkeKeyPair: traits::HpkeKeyPair<CURRENT_VERSION>,
    >(
        &self,
        group_id: &GroupId,
        epoch: &EpochKey,
        leaf_index: u32,
        key_pairs: &[HpkeKeyPair],
    ) -> Result<()> {
        self.put(EPOCH, &(group_id, epoch, leaf_index), &key_pairs)
    }

    fn write_key_package<
        HashReference: traits::HashReference<CURRENT_VERSION>,
        KeyPackage: traits::KeyPackage<CURRENT_VERSION>,
    >(
        &self,
        hash_ref: &HashReference,
        key_package: &KeyPackage,
    ) -> Result<()> {
        self.put(PACKAGE, hash_ref, key_package)
    }

    fn own_leaf_nodes<
        GroupId: traits::GroupId<CURRENT_VERSION>,
        LeafNode: traits::LeafNode<CURRENT_VERSION>,
    >(
        &self,
        _: &GroupId,
    ) -> Result<Vec<LeafNode>> {
        Ok(Vec::new())
    }

    fn queued_proposal_refs<
        GroupId: traits::GroupId<CURRENT_VERSION>,
        ProposalRef: traits::ProposalRef<CURRENT_VERSION>,
    >(
        &self,
        _: &GroupId,
    ) -> Result<Vec<ProposalRef>> {
        Ok(Vec::new())
    }

    fn queued_proposals<
        GroupId: traits::GroupId<CURRENT_VERSION>,
        ProposalRef: traits::ProposalRef<CURRENT_VERSION>,
        QueuedProposal: traits::QueuedProposal<CURRENT_VERSION>,
    >(
        &self,
        _: &GroupId,
    ) -> Result<Vec<(ProposalRef, QueuedProposal)>> {
        Ok(Vec::new())
    }

    fn encryption_key_pair<
        HpkeKeyPair: traits::HpkeKeyPair<CURRENT_VERSION>,
        EncryptionKey: traits::EncryptionKey<CURRENT_VERSION>,
    >(
        &self,
        public_key: &EncryptionKey,
    ) -> Result<Option<HpkeKeyPair>> {
        self.get(PAIR, public_key)
    }

    fn encryption_epoch_key_pairs<
        GroupId: traits::GroupId<CURRENT_VERSION>,
        EpochKey: traits::EpochKey<CURRENT_VERSION>,
        HpkeKeyPair: traits::HpkeKeyPair<CURRENT_VERSION>,
    >(
        &self,
        group_id: &GroupId,
        epoch: &EpochKey,
        leaf_index: u32,
    ) -> Result<Vec<HpkeKeyPair>> {
        Ok(self
            .get(EPOCH, &(group_id, epoch, leaf_index))?
            .unwrap_or_default())
    }

    fn key_package<
        KeyPackageRef: traits::HashReference<CURRENT_VERSION>,
        KeyPackage: traits::KeyPackage<CURRENT_VERSION>,
    >(
        &self,
        hash_ref: &KeyPackageRef,
    ) -> Result<Option<KeyPackage>> {
        self.get(PACKAGE, hash_ref)
    }

    fn delete_encryption_key_pair<EncryptionKey: traits::EncryptionKey<CURRENT_VERSION>>(
        &self,
        public_key: &EncryptionKey,
    ) -> Result<()> {
        self.delete(PAIR, public_key)
    }

    fn delete_encryption_epoch_key_pairs<
        GroupId: traits::GroupId<CURRENT_VERSION>,
        EpochKey: traits::EpochKey<CURRENT_VERSION>,
    >(
        &self,
        group_id: &GroupId,
        epoch: &EpochKey,
        leaf_index: u32,
    ) -> Result<()> {
        self.delete(EPOCH, &(group_id, epoch, leaf_index))
    }

    fn delete_key_package<KeyPackageRef: traits::HashReference<CURRENT_VERSION>>(
        &self,
        hash_ref: &KeyPackageRef,
    ) -> Result<()> {
        self.delete(PACKAGE, hash_ref)
    }
}
