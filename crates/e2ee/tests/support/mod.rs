//! A meeting with an honest hub, whose every step a test can take by hand and spoil.
#![allow(dead_code)]

pub mod ca;
pub mod raw;
pub mod weak;

use ca::{Ca, Leaf};
use ed25519_dalek::SigningKey;
use entente_e2ee::bytes::{B32, Bytes, sha256};
use entente_e2ee::group::{external_add, external_remove, split_welcome};
use entente_e2ee::member::{Commit, Reached};
use entente_e2ee::params::{GroupParams, Sframe};
use entente_e2ee::signed::{
    Entry, Manifest, Policy, Signed, State, TenantRoots, receipts_hash, structure_hash,
};
use entente_e2ee::{
    Code, Error, LeafKey, Member, PublicGroup, SUITE_CLASSICAL, SUITE_HYBRID, Trust,
};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

pub const HUB_SEED: [u8; 32] = [200; 32];

/// The code of a refusal; a test fails with the value's name when there was none.
pub fn code<T>(result: Result<T, Error>) -> Code {
    match result {
        Ok(_) => panic!("nothing was refused"),
        Err(error) => error.code,
    }
}

/// Two deployments, three ministries, one hub; the clock starts at the real time because the MLS library reads it for
/// lifetimes.
pub struct World {
    pub now: u64,
    pub cas: Vec<Ca>,
    pub manifests: Vec<Vec<u8>>,
    pub suites: Vec<u16>,
    /// Hubs that may follow the first.
    pub successors: Vec<B32>,
    next_seed: std::cell::Cell<u64>,
}

impl World {
    pub fn new() -> Self {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_millis() as u64;
        let cas = vec![
            Ca::new(1, "fr", "interior", now),
            Ca::new(2, "fr", "health", now),
            Ca::new(3, "nl", "justitie", now),
        ];
        let manifests = vec![
            manifest(&cas[..2], "fr", 101, now),
            manifest(&cas[2..], "nl", 102, now),
        ];
        Self {
            now,
            cas,
            manifests,
            suites: vec![SUITE_HYBRID, SUITE_CLASSICAL],
            successors: vec![],
            next_seed: 0.into(),
        }
    }

    pub fn policy(&self, ca: usize, suites: &[u16]) -> Vec<u8> {
        let ca = &self.cas[ca];
        policy(ca, suites, self.now)
    }

    pub fn trust_with(&self, ca: usize, suites: &[u16]) -> Arc<Trust> {
        let deployment = self.cas[ca].deployment.clone();
        Arc::new(
            Trust::new(
                &self.manifests,
                &self.policy(ca, suites),
                &deployment,
                self.now,
            )
            .unwrap(),
        )
    }

    pub fn trust(&self, ca: usize) -> Arc<Trust> {
        self.trust_with(ca, &self.suites)
    }

    pub fn key(&self) -> LeafKey {
        LeafKey::from_seed(&leaf_signer(self.next_key()).to_bytes())
    }

    /// The number of the next leaf key.
    pub fn next_key(&self) -> u64 {
        self.next_seed.set(self.next_seed.get() + 1);
        self.next_seed.get()
    }

    /// Somebody of a ministry with an ordinary certificate.
    pub fn person(&self, ca: usize, subject: &str) -> Member {
        self.person_with(ca, subject, SUITE_HYBRID)
    }

    pub fn person_with(&self, ca: usize, subject: &str, suite: u16) -> Member {
        let key = self.key();
        let chain = vec![self.cas[ca].issue(&key.public(), &self.cas[ca].leaf(subject, self.now))];
        Member::new(
            key,
            chain,
            self.trust(ca),
            suite,
            suite == SUITE_CLASSICAL,
            self.now,
        )
        .unwrap()
    }

    /// The chain check alone, for one leaf certificate.
    pub fn verify(
        &self,
        ca: usize,
        leaf: &Leaf,
    ) -> Result<entente_e2ee::identity::Identity, Error> {
        let key = self.key().public();
        self.trust(0)
            .verify_chain(&[self.cas[ca].issue(&key, leaf)], self.now)
    }

    pub fn params(&self, suite: u16) -> GroupParams {
        GroupParams {
            version: entente_e2ee::PROTOCOL_VERSION,
            group_id: Bytes(b"group one".to_vec()),
            meeting: sha256(&[b"meeting"]),
            term: 1,
            hub: "fr".into(),
            hub_keys: [vec![hub_key(&HUB_SEED)], self.successors.clone()].concat(),
            policy_hash: sha256(&[b"policy of the meeting"]),
            manifest_set_hash: self.trust(0).manifest_set_hash,
            suite,
            sframe: Sframe { suite: 4 },
            prior: None,
        }
    }
}

/// The world hands out leaf keys by a counter: the first person, who creates the meeting, has number 1.
pub fn leaf_signer(number: u64) -> SigningKey {
    SigningKey::from_bytes(&sha256(&[b"leaf", &number.to_be_bytes()]).0)
}

pub fn hub_key(seed: &[u8; 32]) -> B32 {
    B32(SigningKey::from_bytes(seed).verifying_key().to_bytes())
}

pub fn manifest(cas: &[Ca], deployment: &str, seed: u8, now: u64) -> Vec<u8> {
    manifest_value(cas, deployment, seed, now).sign(&SigningKey::from_bytes(&[seed; 32]))
}

pub fn manifest_value(cas: &[Ca], deployment: &str, seed: u8, now: u64) -> Manifest {
    let tenant = |ca: &Ca| TenantRoots {
        tenant: ca.tenant.clone(),
        name: ca.tenant.to_uppercase(),
        roots: vec![Bytes(ca.root.clone())],
        policy_key: B32(policy_signer(ca).verifying_key().to_bytes()),
    };
    Manifest {
        deployment: deployment.into(),
        serial: 1,
        not_before: now - ca::HOUR,
        not_after: now + 1000 * ca::HOUR,
        key: hub_key(&[seed; 32]),
        hub_keys: if deployment == "fr" {
            vec![hub_key(&HUB_SEED)]
        } else {
            vec![hub_key(&[201; 32])]
        },
        witness_key: Bytes::default(),
        endpoints: vec![],
        tenants: cas.iter().map(tenant).collect(),
    }
}

fn policy_signer(ca: &Ca) -> SigningKey {
    SigningKey::from_bytes(&sha256(&[b"policy", ca.tenant.as_bytes()]).0)
}

pub fn policy(ca: &Ca, suites: &[u16], now: u64) -> Vec<u8> {
    Policy {
        deployment: ca.deployment.clone(),
        tenant: ca.tenant.clone(),
        serial: 1,
        not_before: now - ca::HOUR,
        not_after: now + 1000 * ca::HOUR,
        suites: suites.to_vec(),
        guests: true,
    }
    .sign(&policy_signer(ca))
}

/// The hub's pen: entries in a chain.
#[derive(Clone)]
pub struct Pen {
    pub params: GroupParams,
    pub seq: u64,
    pub head: B32,
    pub time: u64,
}

impl Pen {
    /// One entry, and the chain moved on.
    pub fn write(
        &mut self,
        state: State,
        epoch: u64,
        attempt: u32,
        commit_hash: B32,
        receipts: &[Vec<u8>],
    ) -> Vec<u8> {
        let entry = self.value(state, epoch, attempt, commit_hash, receipts);
        self.sign(&entry)
    }

    pub fn value(
        &self,
        state: State,
        epoch: u64,
        attempt: u32,
        commit_hash: B32,
        receipts: &[Vec<u8>],
    ) -> Entry {
        Entry {
            meeting: self.params.meeting,
            group: self.params.group_id.clone(),
            term: self.params.term,
            seq: self.seq,
            epoch,
            attempt,
            state,
            prev_hash: self.head,
            commit_hash,
            time: self.time,
            receipts_hash: receipts_hash(receipts),
        }
    }

    pub fn sign(&mut self, entry: &Entry) -> Vec<u8> {
        let signed = entry.sign(&SigningKey::from_bytes(&HUB_SEED));
        self.head = structure_hash(&signed).unwrap();
        self.seq = entry.seq + 1;
        signed
    }
}

/// An announced change, before anybody commits.
pub struct Announced {
    pub epoch: u64,
    pub attempt: u32,
    pub committer: u32,
    pub proposals: Vec<Vec<u8>>,
    pub references: Vec<Vec<u8>>,
}

/// A submitted change, recorded as proposed.
pub struct Submitted {
    pub announced: Announced,
    pub commit: Commit,
    pub entry: Vec<u8>,
    pub tree: Vec<u8>,
}

/// A meeting with its members and an honest hub.
pub struct Meeting {
    pub world: World,
    pub now: u64,
    pub params: GroupParams,
    pub pen: Pen,
    pub server: PublicGroup,
    pub members: Vec<Member>,
}

impl Meeting {
    /// Members of alternating ministries, all in one epoch after one bulk addition.
    pub fn of(count: usize) -> Self {
        Self::with(World::new(), count, SUITE_HYBRID)
    }

    pub fn with(world: World, count: usize, suite: u16) -> Self {
        let params = world.params(suite);
        let now = world.now;
        let mut first = world.person_with(0, "p0", suite);
        let created = first.create(params.clone(), now).unwrap();
        let info = created.group_info.0;
        let server = PublicGroup::from_group_info(
            &info,
            &created.tree.0,
            params.clone(),
            world.trust(0),
            now,
        )
        .unwrap();
        let mut pen = Pen {
            params: params.clone(),
            seq: 0,
            head: B32::default(),
            time: now,
        };
        let entry = pen.write(State::Reached, 0, 0, sha256(&[&info]), &[]);
        first.reached::<Vec<u8>>(&entry, &[], now).unwrap();
        let mut meeting = Self {
            world,
            now,
            params,
            pen,
            server,
            members: vec![first],
        };
        if count > 1 {
            let joiners = (1..count)
                .map(|i| meeting.world.person_with(i % 2, &format!("p{i}"), suite))
                .collect();
            meeting.change(0, joiners, &[]);
        }
        meeting
    }

    pub fn epoch(&self) -> u64 {
        self.server.epoch()
    }

    /// The hub announces additions and removals to all members.
    pub fn announce(
        &mut self,
        committer: u32,
        attempt: u32,
        joiners: &mut [Member],
        removed: &[u32],
    ) -> Announced {
        let announced = self.prepare(committer, attempt, joiners, removed);
        self.tell(&announced);
        announced
    }

    /// The same without telling anybody.
    pub fn prepare(
        &mut self,
        committer: u32,
        attempt: u32,
        joiners: &mut [Member],
        removed: &[u32],
    ) -> Announced {
        let (group, epoch) = (self.params.group_id.0.clone(), self.epoch());
        let (mut proposals, mut references) = (vec![], vec![]);
        for leaf in removed {
            proposals.push(external_remove(&HUB_SEED, &group, epoch, 0, *leaf).unwrap());
        }
        for joiner in joiners {
            let package = joiner.key_package(self.now).unwrap();
            let checked = self.server.check_key_package(&package, self.now).unwrap();
            references.push(checked.reference.0);
            proposals.push(external_add(&HUB_SEED, &group, epoch, 0, &package).unwrap());
        }
        Announced {
            epoch: epoch + 1,
            attempt,
            committer,
            proposals,
            references,
        }
    }

    /// The hub announces one key package to all members, to be committed by leaf 0.
    pub fn propose_package(&mut self, package: &[u8]) -> Announced {
        let (group, epoch) = (self.params.group_id.0.clone(), self.epoch());
        let announced = Announced {
            epoch: epoch + 1,
            attempt: 0,
            committer: 0,
            proposals: vec![external_add(&HUB_SEED, &group, epoch, 0, package).unwrap()],
            references: vec![],
        };
        self.tell(&announced);
        announced
    }

    /// Tells all members what is announced.
    pub fn tell(&mut self, announced: &Announced) {
        let (epoch, attempt) = (announced.epoch, announced.attempt);
        for member in &mut self.members {
            let proposals = &announced.proposals;
            member
                .propose(epoch, attempt, announced.committer, proposals, self.now)
                .unwrap();
        }
    }

    pub fn by_leaf(&mut self, leaf: u32) -> &mut Member {
        self.members
            .iter_mut()
            .find(|member| member.leaf() == Ok(leaf))
            .unwrap()
    }

    /// The committer commits, the server checks and records.
    pub fn submit(&mut self, announced: Announced) -> Submitted {
        let (now, epoch, attempt) = (self.now, announced.epoch, announced.attempt);
        let commit = self
            .by_leaf(announced.committer)
            .commit(epoch, attempt, false, now)
            .unwrap();
        let staged = self
            .server
            .stage(
                epoch,
                attempt,
                &announced.proposals,
                &commit.commit.0,
                &commit.signature.0,
                announced.committer,
                now,
            )
            .unwrap();
        let entry = self
            .pen
            .write(State::Proposed, epoch, attempt, staged.commit_hash, &[]);
        let tree = self.server.tree().unwrap();
        Submitted {
            announced,
            commit,
            entry,
            tree,
        }
    }

    pub fn stage(
        member: &mut Member,
        submitted: &Submitted,
        now: u64,
    ) -> Result<Option<Vec<u8>>, Error> {
        member.stage(
            &submitted.entry,
            &submitted.commit.commit.0,
            &submitted.commit.signature.0,
            now,
        )
    }

    pub fn join(
        &self,
        joiner: &mut Member,
        submitted: &Submitted,
        index: usize,
    ) -> Result<Vec<u8>, Error> {
        let welcome = &submitted.commit.welcome.as_ref().unwrap().0;
        let welcome = split_welcome(welcome, &submitted.announced.references[index]).unwrap();
        joiner.join(
            &submitted.entry,
            &welcome,
            &submitted.tree,
            self.params.clone(),
            self.now,
        )
    }

    /// Everybody stages, joiners join: all receipts.
    pub fn collect(&mut self, submitted: &Submitted, joiners: &mut [Member]) -> Vec<Vec<u8>> {
        let now = self.now;
        let mut receipts: Vec<Vec<u8>> = self
            .members
            .iter_mut()
            .filter_map(|member| Self::stage(member, submitted, now).unwrap())
            .collect();
        for (index, joiner) in joiners.iter_mut().enumerate() {
            receipts.push(self.join(joiner, submitted, index).unwrap());
        }
        receipts
    }

    /// The hub records the epoch as reached.
    pub fn reach(&mut self, submitted: &Submitted, receipts: &[Vec<u8>]) -> Vec<u8> {
        let hash = sha256(&[&submitted.commit.commit.0]);
        self.server.merge().unwrap();
        self.pen.write(
            State::Reached,
            submitted.announced.epoch,
            submitted.announced.attempt,
            hash,
            receipts,
        )
    }

    pub fn withdraw(&mut self, submitted: &Submitted) -> Vec<u8> {
        let hash = sha256(&[&submitted.commit.commit.0]);
        self.server.discard();
        self.pen.write(
            State::Withdrawn,
            submitted.announced.epoch,
            submitted.announced.attempt,
            hash,
            &[],
        )
    }

    /// One whole change, to its end.
    pub fn change(
        &mut self,
        committer: u32,
        mut joiners: Vec<Member>,
        removed: &[u32],
    ) -> Vec<Reached> {
        let announced = self.announce(committer, 0, &mut joiners, removed);
        let submitted = self.submit(announced);
        let receipts = self.collect(&submitted, &mut joiners);
        let entry = self.reach(&submitted, &receipts);
        self.members.extend(joiners);
        let now = self.now;
        let outcomes = self
            .members
            .iter_mut()
            .map(|member| member.reached(&entry, &receipts, now).unwrap())
            .collect();
        self.members.retain(|member| member.leaf().is_ok());
        outcomes
    }
}
