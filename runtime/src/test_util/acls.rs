//! Kafka's access control lists, set by tests. rdkafka has no call for it.

#![expect(unsafe_code, reason = "rdkafka has no call for it")]

use std::ffi::{CStr, CString};
use std::ptr;

use rdkafka::bindings as sys;
use rdkafka::consumer::{BaseConsumer, Consumer as _};

use crate::kafka::KafkaConfig;
use crate::kafka::native::Owned;

/// How long librdkafka is waited for. It has its own deadline, which is shorter.
const ANSWER_MS: i32 = 60_000;

/// A permission on one topic or group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acl<'a> {
    ReadTopic(&'a str),
    WriteTopic(&'a str),
    DescribeTopic(&'a str),
    ReadGroup(&'a str),
    DescribeGroup(&'a str),
}

impl<'a> Acl<'a> {
    fn parts(self) -> (sys::rd_kafka_ResourceType_t, &'a str, sys::rd_kafka_AclOperation_t) {
        use sys::rd_kafka_AclOperation_t::{
            RD_KAFKA_ACL_OPERATION_DESCRIBE as DESCRIBE, RD_KAFKA_ACL_OPERATION_READ as READ,
            RD_KAFKA_ACL_OPERATION_WRITE as WRITE,
        };
        use sys::rd_kafka_ResourceType_t::{RD_KAFKA_RESOURCE_GROUP as GROUP, RD_KAFKA_RESOURCE_TOPIC as TOPIC};
        match self {
            Self::ReadTopic(name) => (TOPIC, name, READ),
            Self::WriteTopic(name) => (TOPIC, name, WRITE),
            Self::DescribeTopic(name) => (TOPIC, name, DESCRIBE),
            Self::ReadGroup(name) => (GROUP, name, READ),
            Self::DescribeGroup(name) => (GROUP, name, DESCRIBE),
        }
    }
}

/// Allows the user this. `config` is that of a client that may change ACLs.
pub fn allow(config: &KafkaConfig, user: &str, acl: Acl<'_>) {
    change(config, user, acl, true);
}

/// Takes the permission back.
pub fn forbid(config: &KafkaConfig, user: &str, acl: Acl<'_>) {
    change(config, user, acl, false);
}

fn change(config: &KafkaConfig, user: &str, acl: Acl<'_>, allow: bool) {
    let client: BaseConsumer = config.client("vru-test", &[]).create().expect("a client can be made");
    let handle = client.client().native_ptr();
    let (resource, name, operation) = acl.parts();
    let (name, host) = (CString::new(name).expect("a name"), c"*");
    let principal = CString::new(format!("User:{user}")).expect("a name");
    let literal = sys::rd_kafka_ResourcePatternType_t::RD_KAFKA_RESOURCE_PATTERN_LITERAL;
    let permit = sys::rd_kafka_AclPermissionType_t::RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW;
    let (name, principal, host) = (name.as_ptr(), principal.as_ptr(), host.as_ptr());
    let none = ptr::null_mut();
    // SAFETY: the client and the strings outlive the call; each object is destroyed once, by its owner.
    unsafe {
        let queue = Owned::new(sys::rd_kafka_queue_new(handle), sys::rd_kafka_queue_destroy).expect("a queue");
        if allow {
            let acl =
                sys::rd_kafka_AclBinding_new(resource, name, literal, principal, host, operation, permit, none, 0);
            let acl = Owned::new(acl, sys::rd_kafka_AclBinding_destroy).expect("an ACL");
            sys::rd_kafka_CreateAcls(handle, &mut acl.get(), 1, ptr::null(), queue.get());
        } else {
            let acl = sys::rd_kafka_AclBindingFilter_new(
                resource, name, literal, principal, host, operation, permit, none, 0,
            );
            let acl = Owned::new(acl, sys::rd_kafka_AclBinding_destroy).expect("an ACL");
            sys::rd_kafka_DeleteAcls(handle, &mut acl.get(), 1, ptr::null(), queue.get());
        }
        let event = sys::rd_kafka_queue_poll(queue.get(), ANSWER_MS);
        let event = Owned::new(event, sys::rd_kafka_event_destroy).expect("an answer");
        let failed = sys::rd_kafka_event_error(event.get()) as i32 != 0;
        let text = sys::rd_kafka_event_error_string(event.get());
        assert!(!failed, "cannot change ACLs: {:?}", (!text.is_null()).then(|| CStr::from_ptr(text)));
        if allow {
            let mut count = 0;
            let result = sys::rd_kafka_event_CreateAcls_result(event.get());
            let results = sys::rd_kafka_CreateAcls_result_acls(result, &raw mut count);
            for index in 0..count {
                let error = sys::rd_kafka_acl_result_error(*results.add(index));
                assert!(
                    error.is_null(),
                    "cannot create an ACL: {:?}",
                    CStr::from_ptr(sys::rd_kafka_error_string(error))
                );
            }
        }
    }
}
