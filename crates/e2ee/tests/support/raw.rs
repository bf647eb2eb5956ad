//! A member with a real leaf that does as it likes: raw MLS, without any of our checks.

use super::weak::WeakProvider;
use super::{Announced, Meeting, leaf_signer};
use ed25519_dalek::SigningKey;
use entente_e2ee::bytes::{Bytes, sha256};
use entente_e2ee::signed::{Signed, State, Submission};
use entente_e2ee::wire::{Reader, Wire};
use entente_e2ee::{Code, LeafKey};
use openmls::prelude::tls_codec::{Deserialize as _, Serialize as _};
use openmls::prelude::*;
use openmls::schedule::PreSharedKeyId;

/// Our GroupContext extension's type.
pub const EXTENSION: u16 = 0xf0e7;
/// A type that means nothing to us.
pub const OTHER_EXTENSION: u16 = 0xf0e8;

/// The default suite.
pub fn suite() -> Ciphersuite {
    Ciphersuite::try_from(entente_e2ee::SUITE_HYBRID).unwrap()
}

/// A chain as a credential carries it.
pub fn x509(chain: &[Vec<u8>]) -> Credential {
    let chain: Vec<Bytes> = chain.iter().map(|der| Bytes(der.clone())).collect();
    Credential::new(CredentialType::X509, chain.encode())
}

/// What a leaf of ours announces, and what else somebody may wish.
pub fn capabilities(extensions: &[ExtensionType], credentials: &[CredentialType]) -> Capabilities {
    capabilities_for(&[suite()], extensions, credentials)
}

pub fn capabilities_for(
    suites: &[Ciphersuite],
    extensions: &[ExtensionType],
    credentials: &[CredentialType],
) -> Capabilities {
    Capabilities::builder()
        .versions(vec![ProtocolVersion::Mls10])
        .ciphersuites(suites.to_vec())
        .extensions(extensions.to_vec())
        .proposals(vec![])
        .credentials(credentials.to_vec())
        .build()
}

pub fn ours() -> Capabilities {
    capabilities(
        &[ExtensionType::Unknown(EXTENSION)],
        &[CredentialType::X509],
    )
}

/// The extensions that a leaf may carry by its capabilities.
pub fn strange_extension() -> Extension {
    Extension::Unknown(OTHER_EXTENSION, UnknownExtension(b"anything".to_vec()))
}

/// Somebody with a key and an ordinary certificate of the first ministry.
pub struct Person {
    pub signer: SigningKey,
    pub key: LeafKey,
    pub chain: Vec<Vec<u8>>,
    pub credential: CredentialWithKey,
    pub provider: WeakProvider,
    pub capabilities: Capabilities,
}

impl Person {
    pub fn new(meeting: &Meeting, subject: &str) -> Self {
        let signer = leaf_signer(meeting.world.next_key());
        let key = LeafKey::from_seed(&signer.to_bytes());
        let ca = &meeting.world.cas[0];
        let chain = vec![ca.issue(&key.public(), &ca.leaf(subject, meeting.now))];
        let credential = CredentialWithKey {
            credential: x509(&chain),
            signature_key: key.public().as_ref().to_vec().into(),
        };
        Self {
            signer,
            key,
            chain,
            credential,
            provider: WeakProvider::default(),
            capabilities: ours(),
        }
    }

    /// A key package; its private keys stay in the provider.
    pub fn key_package(&self, meeting: &Meeting, spoil: Spoil<KeyPackageBuilder>) -> Vec<u8> {
        message_of(&self.key_bundle(meeting, spoil))
    }

    /// The same with its private keys.
    pub fn key_bundle(
        &self,
        meeting: &Meeting,
        spoil: Spoil<KeyPackageBuilder>,
    ) -> KeyPackageBundle {
        let seconds = meeting.now / 1000;
        let builder = KeyPackage::builder()
            .key_package_lifetime(Lifetime::init(seconds - 60, seconds + 3600))
            .leaf_node_capabilities(self.capabilities.clone());
        spoil(builder)
            .build(suite(), &self.provider, &self.key, self.credential.clone())
            .unwrap()
    }

    /// A Welcome to `from`, of which the private keys are known, addressed to another key package (RFC 9420 §12.4.3.1).
    pub fn recut(&self, welcome: &[u8], from: &KeyPackageBundle, to: &[u8]) -> Vec<u8> {
        let crypto = self.provider.crypto();
        let mut reader = Reader::new(welcome);
        let head = reader.take(6).unwrap();
        reader.length().unwrap();
        let _reference = Bytes::get(&mut reader).unwrap();
        let sealed = HpkeCiphertext {
            kem_output: Bytes::get(&mut reader).unwrap().0.into(),
            ciphertext: Bytes::get(&mut reader).unwrap().0.into(),
        };
        let info = Bytes::get(&mut reader).unwrap();
        let mut context = Vec::new();
        "MLS 1.0 Welcome".to_owned().put(&mut context);
        info.put(&mut context);
        let private = from.init_private_key();
        let secrets = crypto
            .hpke_open(suite().hpke_config(), &sealed, private, &context, &[])
            .unwrap();
        let message = MlsMessageIn::tls_deserialize_exact(to).unwrap().extract();
        let MlsMessageBodyIn::KeyPackage(package) = message else {
            panic!("a key package")
        };
        let package = package.validate(crypto, ProtocolVersion::Mls10).unwrap();
        let init = package.hpke_init_key().as_slice();
        let sealed = crypto
            .hpke_seal(suite().hpke_config(), init, &context, &[], &secrets)
            .unwrap();
        let mut body = Vec::new();
        Bytes(package.hash_ref(crypto).unwrap().as_slice().to_vec()).put(&mut body);
        Bytes(sealed.kem_output.as_slice().to_vec()).put(&mut body);
        Bytes(sealed.ciphertext.as_slice().to_vec()).put(&mut body);
        let mut out = head.to_vec();
        Bytes(body).put(&mut out);
        info.put(&mut out);
        out
    }

    /// A commit of its own making from outside (RFC 9420 §12.4.3.2).
    pub fn external_commit(&self, info: &[u8], tree: &[u8]) -> Vec<u8> {
        let info = MlsMessageIn::tls_deserialize_exact(info).unwrap().extract();
        let MlsMessageBodyIn::GroupInfo(info) = info else {
            panic!("a GroupInfo")
        };
        let tree = RatchetTreeIn::tls_deserialize_exact(tree).unwrap();
        let parameters = LeafNodeParameters::builder()
            .with_capabilities(self.capabilities.clone())
            .build();
        let (_, bundle) = MlsGroup::external_commit_builder()
            .with_ratchet_tree(tree)
            .build_group(&self.provider, info, self.credential.clone())
            .unwrap()
            .leaf_node_parameters(parameters)
            .load_psks(self.provider.storage())
            .unwrap()
            .build(
                self.provider.rand(),
                self.provider.crypto(),
                &self.key,
                |_| true,
            )
            .unwrap()
            .finalize(&self.provider)
            .unwrap();
        bundle.into_contents().0.tls_serialize_detached().unwrap()
    }

    /// A group of this person's own making.
    pub fn create(&self, meeting: &Meeting, id: &[u8], context: Vec<Extension>) -> MlsGroup {
        let seconds = meeting.now / 1000;
        let config = MlsGroupCreateConfig::builder()
            .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
            .ciphersuite(suite())
            .capabilities(self.capabilities.clone())
            .lifetime(Lifetime::init(seconds - 60, seconds + 3600))
            .with_group_context_extensions(Extensions::from_vec(context).unwrap())
            .build();
        let id = GroupId::from_slice(id);
        let credential = self.credential.clone();
        MlsGroup::new_with_group_id(&self.provider, &self.key, &config, id, credential).unwrap()
    }
}

/// A key package as it travels.
pub fn message_of(bundle: &KeyPackageBundle) -> Vec<u8> {
    MlsMessageOut::from(bundle.key_package().clone())
        .tls_serialize_detached()
        .unwrap()
}

/// A commit that injects a secret from outside (RFC 9420 §8.4).
pub fn with_secret<'a>(builder: Committing<'a>, provider: &WeakProvider) -> Committing<'a> {
    let id = PreSharedKeyId::external(b"a secret".to_vec(), vec![7; 32]);
    id.store(provider, b"known to some").unwrap();
    builder.add_proposal(Proposal::PreSharedKey(Box::new(PreSharedKeyProposal::new(
        id,
    ))))
}

/// One thing done differently.
pub type Spoil<T> = fn(T) -> T;

/// A member that was let in.
pub struct Raw {
    pub person: Person,
    pub group: MlsGroup,
    /// Whether its Welcomes carry the tree.
    pub with_tree: bool,
}

/// What it made.
pub struct Made {
    pub commit: Vec<u8>,
    pub welcome: Option<Vec<u8>>,
}

/// A commit in the making.
pub type Committing<'a> = CommitBuilder<'a, Initial, &'a mut MlsGroup>;

impl Raw {
    /// Joins a meeting like anybody, at the next free leaf, and reaches the epoch with the others.
    pub fn enter(meeting: &mut Meeting, person: Person) -> Self {
        let now = meeting.now;
        let package = person.key_package(meeting, |builder| builder);
        let announced = meeting.propose_package(&package);
        let submitted = meeting.submit(announced);
        let receipts = meeting.collect(&submitted, &mut []);
        let entry = meeting.reach(&submitted, &receipts);
        for member in &mut meeting.members {
            member.reached(&entry, &receipts, now).unwrap();
        }
        let welcome = submitted.commit.welcome.as_ref().unwrap();
        let message = MlsMessageIn::tls_deserialize_exact(&welcome.0).unwrap();
        let MlsMessageBodyIn::Welcome(welcome) = message.extract() else {
            panic!("a Welcome")
        };
        let config = MlsGroupJoinConfig::builder()
            .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
            .build();
        let tree = RatchetTreeIn::tls_deserialize_exact(&submitted.tree).unwrap();
        let group = StagedWelcome::new_from_welcome(&person.provider, &config, welcome, Some(tree))
            .unwrap()
            .into_group(&person.provider)
            .unwrap();
        Self {
            person,
            group,
            with_tree: false,
        }
    }

    pub fn leaf(&self) -> u32 {
        self.group.own_leaf_index().u32()
    }

    /// Takes the hub's proposals and commits as it likes.
    pub fn commit(
        &mut self,
        proposals: &[Vec<u8>],
        spoil: impl for<'a> FnOnce(Committing<'a>, &WeakProvider) -> Committing<'a>,
    ) -> Made {
        self.hear(proposals);
        let provider = &self.person.provider;
        let bundle = spoil(self.group.commit_builder(), provider)
            .load_psks(provider.storage())
            .unwrap()
            .create_group_info(true)
            .use_ratchet_tree_extension(self.with_tree)
            .build(provider.rand(), provider.crypto(), &self.person.key, |_| {
                true
            })
            .unwrap()
            .stage_commit(provider)
            .unwrap();
        made(bundle)
    }

    /// The tree that its pending commit leads to.
    pub fn next_tree(&mut self) -> Vec<u8> {
        self.group
            .merge_pending_commit(&self.person.provider)
            .unwrap();
        self.group
            .export_ratchet_tree()
            .tls_serialize_detached()
            .unwrap()
    }

    /// The same with another key and credential in its leaf.
    pub fn commit_as(&mut self, proposals: &[Vec<u8>], other: &Person) -> Made {
        self.hear(proposals);
        let provider = &self.person.provider;
        let signer = NewSignerBundle {
            signer: &other.key,
            credential_with_key: other.credential.clone(),
        };
        let bundle = self
            .group
            .commit_builder()
            .load_psks(provider.storage())
            .unwrap()
            .create_group_info(true)
            .build_with_new_signer(
                provider.rand(),
                provider.crypto(),
                &self.person.key,
                signer,
                |_| true,
            )
            .unwrap()
            .stage_commit(provider)
            .unwrap();
        made(bundle)
    }

    fn hear(&mut self, proposals: &[Vec<u8>]) {
        let provider = &self.person.provider;
        for proposal in proposals {
            let message = MlsMessageIn::tls_deserialize_exact(proposal).unwrap();
            let message = message.try_into_protocol_message().unwrap();
            let processed = self.group.process_message(provider, message).unwrap();
            let ProcessedMessageContent::ProposalMessage(queued) = processed.into_content() else {
                panic!("a proposal")
            };
            self.group
                .store_pending_proposal(provider.storage(), *queued)
                .unwrap();
        }
    }

    /// A commit of nothing, not even a path, written byte by byte: well signed, its tags zero (RFC 9420 §6.2, §12.4).
    pub fn empty_commit(&self) -> Vec<u8> {
        let head = [0, 1, 0, 1]; // version, PublicMessage
        let mut content = Vec::new();
        Bytes(self.group.group_id().as_slice().to_vec()).put(&mut content);
        self.group.epoch().as_u64().put(&mut content);
        content.push(1); // a member sends
        self.leaf().put(&mut content);
        Bytes::default().put(&mut content); // no authenticated data
        content.push(3); // a commit
        Bytes::default().put(&mut content); // no proposals
        content.push(0); // no path
        let context = self.group.public_group().group_context();
        let context = context.tls_serialize_detached().unwrap();
        let mut signed = Vec::new();
        "MLS 1.0 FramedContentTBS".to_owned().put(&mut signed);
        Bytes([&head, &content[..], &context].concat()).put(&mut signed);
        let mut out = [&head, &content[..]].concat();
        let signature = ed25519_dalek::Signer::sign(&self.person.signer, &signed);
        Bytes(signature.to_bytes().to_vec()).put(&mut out);
        Bytes(vec![0; 32]).put(&mut out);
        Bytes(vec![0; 32]).put(&mut out);
        out
    }

    /// The author's word for a commit.
    pub fn vouch(&self, meeting: &Meeting, announced: &Announced, commit: &[u8]) -> Vec<u8> {
        vouch(&self.person.signer, meeting, announced, commit)
    }
}

fn made(bundle: CommitMessageBundle) -> Made {
    let (commit, welcome, _) = bundle.into_messages();
    Made {
        commit: commit.tls_serialize_detached().unwrap(),
        welcome: welcome.map(|welcome| welcome.tls_serialize_detached().unwrap()),
    }
}

/// A submission's signature by any key, for the announced committer.
pub fn vouch(
    signer: &SigningKey,
    meeting: &Meeting,
    announced: &Announced,
    commit: &[u8],
) -> Vec<u8> {
    Submission {
        group: meeting.params.group_id.clone(),
        epoch: announced.epoch,
        attempt: announced.attempt,
        leaf: announced.committer,
        commit_hash: sha256(&[commit]),
    }
    .sign(signer)
}

/// What the hub's public group and the first member say to a commit under a good signature; both must refuse.
pub fn verdicts(
    meeting: &mut Meeting,
    announced: &Announced,
    commit: &[u8],
    signature: &[u8],
) -> (Code, Code) {
    let now = meeting.now;
    let (epoch, attempt) = (announced.epoch, announced.attempt);
    let server = meeting.server.stage(
        epoch,
        attempt,
        &announced.proposals,
        commit,
        signature,
        announced.committer,
        now,
    );
    let hash = sha256(&[commit]);
    let entry = meeting
        .pen
        .clone()
        .write(State::Proposed, epoch, attempt, hash, &[]);
    let member = meeting.members[0].stage(&entry, commit, signature, now);
    (super::code(server), super::code(member))
}
