//! What the functions may do: each role names its actions and the resources of this stack.

use serde_json::{Value, json};
use tests::documents;

use super::{MAILER_ID, template_functions};

/// The statements of the mailer's role whose resources are not those of this stack alone. Each is named whole: no other
/// statement, of no other role, is let off.
fn exceptions() -> [Value; 3] {
    let identity = |kind: &str| {
        let arn = format!("arn:${{AWS::Partition}}:ses:${{AWS::Region}}:${{AWS::AccountId}}:{kind}/*");
        json!({ "Fn::Sub": arn })
    };
    let address = json!({ "Fn::Select": [1, { "Fn::Split": ["<", { "Ref": "MailFrom" }] }] });
    let address = json!({ "Fn::Select": [0, { "Fn::Split": [">", address] }] });
    [
        json!({
            "Effect": "Allow",
            "Action": ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
            "Resource": { "Fn::GetAtt": "TokensTable.StreamArn" },
        }),
        // This action has no type of resource.
        json!({ "Effect": "Allow", "Action": "dynamodb:ListStreams", "Resource": "*" }),
        // What is held is the sender's address.
        json!({ "Fn::If": ["SendsBySes", {
            "Effect": "Allow",
            "Action": ["ses:SendEmail", "ses:SendRawEmail"],
            "Resource": [identity("identity"), identity("configuration-set")],
            "Condition": { "StringEquals": { "ses:FromAddress": address } },
        }, { "Ref": "AWS::NoValue" }] }),
    ]
}

#[test]
fn no_role_has_a_wildcard() {
    let template = documents::template();
    let roles = template["Resources"].as_object().unwrap().iter();
    let roles: Vec<_> = roles.filter(|(_, resource)| resource["Type"] == "AWS::IAM::Role").collect();
    assert_eq!(roles.len(), template_functions(&template).len());
    let list = |value: &Value| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    let mut exceptions = exceptions().to_vec();
    for (id, role) in roles {
        assert!(role["Properties"].get("ManagedPolicyArns").is_none(), "{id} takes a policy from elsewhere");
        for policy in role["Properties"]["Policies"].as_array().unwrap() {
            for statement in policy["PolicyDocument"]["Statement"].as_array().unwrap() {
                if let Some(named) = exceptions.iter().position(|exception| exception == statement) {
                    assert_eq!(*id, format!("{MAILER_ID}Role"), "{statement}");
                    exceptions.swap_remove(named);
                    continue;
                }
                for action in list(&statement["Action"]) {
                    assert!(action.as_str().is_some_and(|action| !action.contains('*')), "{id}: {action}");
                }
                for resource in list(&statement["Resource"]) {
                    // The ARN of a resource of this stack, and nothing that is put together.
                    let arn = resource["Fn::GetAtt"].as_str().and_then(|name| name.strip_suffix(".Arn"));
                    assert!(
                        arn.is_some_and(|of| template["Resources"].get(of).is_some()),
                        "{id}: {resource}"
                    );
                }
            }
        }
    }
    assert!(exceptions.is_empty(), "nobody needs {exceptions:?}");
    for (id, function) in template_functions(&template) {
        assert_eq!(function["Properties"]["Role"], json!({ "Fn::GetAtt": format!("{id}Role.Arn") }));
        assert!(function["Properties"].get("Policies").is_none(), "{id}");
    }
}
