"""break-template.py NAME SYNTH: one mistake in the template that was synthesized there. The script must then fail."""

import json
import pathlib
import sys

name, folder = sys.argv[1:]
path = pathlib.Path(folder, "NixChannelStack.template.json")
template = json.loads(path.read_text())
resources = template["Resources"]


def of(kind):
    return {key: one for key, one in resources.items() if one["Type"] == kind}


def statements():
    [policy] = of("AWS::S3::BucketPolicy").values()
    return policy["Properties"]["PolicyDocument"]["Statement"]


def condition_key():
    for statement in statements():
        if statement["Sid"] == "DocumentsChangeByCompareAndSwap":
            statement["Condition"]["Null"]["s3:IfMatch"] = statement["Condition"]["Null"].pop("s3:if-match")


def delete_statement():
    statements()[:] = [one for one in statements() if one["Sid"] != "OnlyBreakGlassDeletes"]


def handler():
    for key, function in of("AWS::Lambda::Function").items():
        if key.startswith("Serve"):
            function["Properties"]["Handler"] = "main.handler"


def iam():
    for route in of("AWS::ApiGatewayV2::Route").values():
        route["Properties"]["AuthorizationType"] = "NONE"


def permission():
    for key in of("AWS::Lambda::Permission"):
        if "Serve" in key:
            del resources[key]


def permission_source():
    for key, one in of("AWS::Lambda::Permission").items():
        if "Serve" in key:
            one["Properties"]["SourceArn"] = "arn:aws:execute-api:us-east-1:123456789012:another/*/*"


def schedule_permission():
    for key, one in of("AWS::Lambda::Permission").items():
        if one["Properties"]["Principal"] == "events.amazonaws.com":
            del resources[key]


def list_bucket():
    for key, role in of("AWS::IAM::Role").items():
        for policy in role["Properties"].get("Policies", []):
            document = policy["PolicyDocument"]
            document["Statement"] = [
                one for one in document["Statement"] if not (key.startswith("Serve") and one["Action"] == "s3:ListBucket")
            ]


before = json.dumps(template)
{
    "condition-key": condition_key,
    "delete-statement": delete_statement,
    "handler": handler,
    "iam": iam,
    "permission": permission,
    "permission-source": permission_source,
    "schedule-permission": schedule_permission,
    "list-bucket": list_bucket,
}[name]()
if json.dumps(template) == before:
    sys.exit(f"{name}: nothing changed")
path.write_text(json.dumps(template))
