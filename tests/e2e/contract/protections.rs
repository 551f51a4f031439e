//! What keeps data, keys and mails from being lost, and what each function is given to run on.

use std::time::Duration;

use serde_json::{Value, json};
use shared::outbox::{self, Message, MessageId};
use tests::documents;

use super::{MAILER_ID, template_functions};

/// What must never be lost.
const DURABLE: [&str; 2] = ["AccountsTable", "KeysTable"];
const DEAD_LETTERS: &str = "DeadLetters";
/// A stream forgets its records after this time.
const STREAM_KEEPS: Duration = Duration::from_secs(24 * 3600);

fn tables(template: &Value) -> Vec<(&String, &Value)> {
    let resources = template["Resources"].as_object().unwrap().iter();
    resources.filter(|(_, resource)| resource["Type"] == "AWS::DynamoDB::Table").collect()
}

fn is_retained(resource: &Value) -> bool {
    ["DeletionPolicy", "UpdateReplacePolicy"].iter().all(|policy| resource[policy] == "Retain")
}

/// The event source of the mailer.
fn event_source(template: &Value) -> &Value {
    let source = &template["Resources"][MAILER_ID]["Properties"]["Events"]["Outbox"];
    assert_eq!(source["Type"], "DynamoDB");
    &source["Properties"]
}

#[test]
fn durable_tables_can_be_restored_and_refuse_to_be_deleted() {
    let template = documents::template();
    let durable: Vec<_> = tables(&template).into_iter().filter(|(_, table)| is_retained(table)).collect();
    assert_eq!(durable.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), DURABLE);
    for (id, table) in durable {
        let properties = &table["Properties"];
        let recovery = &properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"];
        assert_eq!(*recovery, true, "{id}");
        assert_eq!(properties["DeletionProtectionEnabled"], json!({ "Ref": "DeletionProtection" }), "{id}");
    }
    assert_eq!(template["Parameters"]["DeletionProtection"]["Default"], "true");
}

#[test]
fn signing_keys_are_encrypted_by_a_key_of_their_own_that_stays() {
    let template = documents::template();
    let resources = &template["Resources"];
    for id in DURABLE {
        let encryption = &resources[id]["Properties"]["SSESpecification"];
        assert_eq!(
            (&encryption["SSEEnabled"], &encryption["SSEType"]),
            (&json!(true), &json!("KMS")),
            "{id}"
        );
    }
    let key = |table: &str| &resources[table]["Properties"]["SSESpecification"]["KMSMasterKeyId"];
    assert_eq!(*key("KeysTable"), json!({ "Fn::GetAtt": "KeysKey.Arn" }));
    assert_ne!(key("AccountsTable"), key("KeysTable"));
    let key = &resources["KeysKey"];
    assert_eq!(
        (&key["Type"], &key["Properties"]["EnableKeyRotation"]),
        (&json!("AWS::KMS::Key"), &json!(true))
    );
    assert!(is_retained(key), "without it the table says nothing");
}

#[test]
fn what_expires_has_a_table_of_its_own_that_alone_has_a_stream() {
    let template = documents::template();
    for (id, table) in tables(&template) {
        let properties = &table["Properties"];
        let expires = properties.get("TimeToLiveSpecification");
        let stream = properties.get("StreamSpecification");
        if id == "TokensTable" {
            assert_eq!(expires, Some(&json!({ "AttributeName": "expires", "Enabled": true })));
            // The record of a message is no second place where it stands.
            assert_eq!(stream, Some(&json!({ "StreamViewType": "KEYS_ONLY" })));
        } else {
            assert_eq!((expires, stream), (None, None), "{id}");
        }
    }
}

#[test]
fn every_function_has_a_log_that_is_kept_for_the_days_of_the_parameter() {
    let template = documents::template();
    let resources = template["Resources"].as_object().unwrap();
    let logs = resources.values().filter(|resource| resource["Type"] == "AWS::Logs::LogGroup");
    let logs: Vec<_> = logs.map(|log| &log["Properties"]["RetentionInDays"]).collect();
    for days in &logs {
        assert_eq!(**days, json!({ "Ref": "LogRetentionDays" }));
    }
    let functions = template_functions(&template);
    assert_eq!(logs.len(), functions.len() + 1, "one each, and the access log");
    for (id, function) in functions {
        let log = format!("{id}Logs");
        assert_eq!(function["Properties"]["LoggingConfig"]["LogGroup"], json!({ "Ref": log }));
        assert_eq!(resources[&log]["Type"], "AWS::Logs::LogGroup", "{id}");
    }
    let days = &template["Parameters"]["LogRetentionDays"];
    assert!(days["AllowedValues"].as_array().unwrap().contains(&days["Default"]), "{days}");
}

#[test]
fn functions_that_hash_have_a_whole_processor_and_the_others_a_part() {
    let template = documents::template();
    let globals = &template["Globals"]["Function"];
    assert_eq!(globals["MemorySize"], 256);
    assert_eq!(globals["Architectures"], json!([{ "Ref": "Architecture" }]));
    assert_eq!(template["Parameters"]["Architecture"]["Default"], "arm64");
    for (id, function) in template_functions(&template) {
        let properties = &function["Properties"];
        let name = function["Metadata"]["BuildProperties"]["Binary"].as_str().unwrap();
        let hashes = documents::text(&format!("functions/{name}/src/main.rs")).contains(".and_hash()");
        let own = hashes.then(|| json!(1769));
        assert_eq!(properties.get("MemorySize"), own.as_ref(), "{id}");
        assert!(properties.get("Architectures").is_none(), "{id}");
    }
}

#[test]
fn mailer_is_called_with_new_messages_and_nothing_else() {
    let template = documents::template();
    let source = event_source(&template);
    assert_eq!(source["Stream"], json!({ "Fn::GetAtt": "TokensTable.StreamArn" }));
    // What was written before the mailer listened.
    assert_eq!(source["StartingPosition"], "TRIM_HORIZON");
    let filters = source["FilterCriteria"]["Filters"].as_array().unwrap();
    assert_eq!(filters.len(), 1);
    let pattern: Value = serde_json::from_str(filters[0]["Pattern"].as_str().unwrap()).unwrap();
    let prefix = pattern["dynamodb"]["Keys"]["pk"]["S"][0]["prefix"].as_str().unwrap();
    let keys = json!({ "pk": { "S": [{ "prefix": prefix }] } });
    assert_eq!(pattern, json!({ "eventName": ["INSERT"], "dynamodb": { "Keys": keys } }));
    let id: MessageId = "0198a1b2-0000-7000-8000-000000000000".parse().unwrap();
    assert_eq!(Message::key(id).pk, format!("{prefix}{id}"), "the prefix is that of the messages");
    assert_eq!(outbox::message_id(&format!("{prefix}{id}")), Some(id));
}

#[test]
fn mail_that_fails_comes_again_alone_until_it_becomes_a_dead_letter() {
    let template = documents::template();
    let source = event_source(&template);
    assert_eq!(source["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
    assert_eq!(source["BisectBatchOnFunctionError"], true);
    // As often as its age allows, which is less than the stream's.
    assert_eq!(source["MaximumRetryAttempts"], -1);
    let age = Duration::from_secs(source["MaximumRecordAgeInSeconds"].as_u64().unwrap());
    assert!(STREAM_KEEPS / 2 < age && age < STREAM_KEEPS, "{age:?}");
    let queue = json!({ "Type": "SQS", "Destination": { "Fn::GetAtt": format!("{DEAD_LETTERS}.Arn") } });
    assert_eq!(source["DestinationConfig"], json!({ "OnFailure": queue }));
    let policy = &template["Resources"][format!("{MAILER_ID}Role")]["Properties"]["Policies"][0];
    let may_send = json!({
        "Effect": "Allow",
        "Action": "sqs:SendMessage",
        "Resource": { "Fn::GetAtt": format!("{DEAD_LETTERS}.Arn") },
    });
    assert!(policy["PolicyDocument"]["Statement"].as_array().unwrap().contains(&may_send));
}

#[test]
fn mailer_comes_to_its_end_though_the_provider_is_silent_about_each_mail_of_a_batch() {
    let template = documents::template();
    let batch = u32::try_from(event_source(&template)["BatchSize"].as_u64().unwrap()).unwrap();
    let limit = template["Resources"][MAILER_ID]["Properties"]["Timeout"].as_u64().unwrap();
    // A second and more a mail for storage.
    let needed = batch * (mailer::SENT_WITHIN + Duration::from_secs(1));
    assert!(needed < Duration::from_secs(limit), "{needed:?}");
}

#[test]
fn dead_letter_outlives_its_message_and_raises_an_alarm() {
    let template = documents::template();
    let queue = &template["Resources"][DEAD_LETTERS];
    assert_eq!(
        (&queue["Type"], &queue["Properties"]["SqsManagedSseEnabled"]),
        (&json!("AWS::SQS::Queue"), &json!(true))
    );
    let kept = queue["Properties"]["MessageRetentionPeriod"].as_u64().unwrap();
    assert!(kept >= outbox::KEPT_FOR.as_secs(), "{kept}");

    let alarm = &template["Resources"]["UnsentMail"];
    assert_eq!(alarm["Type"], "AWS::CloudWatch::Alarm");
    let alarm = &alarm["Properties"];
    let name = json!({ "Fn::GetAtt": format!("{DEAD_LETTERS}.QueueName") });
    assert_eq!(alarm["Namespace"], "AWS/SQS");
    assert_eq!(alarm["MetricName"], "ApproximateNumberOfMessagesVisible");
    assert_eq!(alarm["Dimensions"], json!([{ "Name": "QueueName", "Value": name }]));
    // One is enough, and it is told soon.
    let rule = ["Statistic", "Threshold", "ComparisonOperator"].map(|property| &alarm[property]);
    assert_eq!(rule, [&json!("Maximum"), &json!(0), &json!("GreaterThanThreshold")]);
    let seconds = alarm["Period"].as_u64().unwrap() * alarm["EvaluationPeriods"].as_u64().unwrap();
    assert!(seconds <= 900, "{seconds}");
    let topic =
        json!({ "Fn::If": ["HasAlarmTopic", [{ "Ref": "AlarmTopicArn" }], { "Ref": "AWS::NoValue" }] });
    assert_eq!((&alarm["AlarmActions"], &alarm["OKActions"]), (&topic, &topic));
}

#[test]
fn tokens_that_cannot_be_checked_raise_an_alarm() {
    let resources = &documents::template()["Resources"];
    let filter = &resources["UncheckedTokens"]["Properties"];
    assert_eq!(filter["LogGroupName"], json!({ "Ref": "AuthorizerLogs" }));
    // As the authorizer logs it.
    assert_eq!(filter["FilterPattern"], "\"a request could not be checked\"");
    let counted = &filter["MetricTransformations"][0];
    let alarm = &resources["TokensUnchecked"]["Properties"];
    assert_eq!(
        (&counted["MetricNamespace"], &counted["MetricName"]),
        (&alarm["Namespace"], &alarm["MetricName"])
    );
    let topic =
        json!({ "Fn::If": ["HasAlarmTopic", [{ "Ref": "AlarmTopicArn" }], { "Ref": "AWS::NoValue" }] });
    assert_eq!((&alarm["AlarmActions"], &alarm["OKActions"]), (&topic, &topic));
}
