"""account.py NAME …: what the script needs of AWS beside the CDK, by AWS's own client. Each prints one line."""

import json
import sys

import botocore.session

session = botocore.session.get_session()


def admin():
    """Makes the IAM user "admin", whom bucket policies bind, unlike the account's root; prints its keys as exports."""
    iam = session.create_client("iam")
    iam.create_user(UserName="admin")
    iam.attach_user_policy(UserName="admin", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    key = iam.create_access_key(UserName="admin")["AccessKey"]
    return f"export AWS_ACCESS_KEY_ID={key['AccessKeyId']} AWS_SECRET_ACCESS_KEY={key['SecretAccessKey']}"


def zone(name):
    made = session.create_client("route53").create_hosted_zone(Name=name, CallerReference=name)
    return made["HostedZone"]["Id"].split("/")[-1]


def unprotect(stack):
    stacks = session.create_client("cloudformation")
    stacks.update_termination_protection(StackName=stack, EnableTerminationProtection=False)
    return stack


def resources(stack):
    found = session.create_client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    return {one["LogicalResourceId"]: one for one in found}


def measure(stack):
    """
    Invokes the publish function as the schedule does; fails where the function fails, or where its policy does not let the rule
    ("Resource-based policies for EventBridge": events.amazonaws.com, with the rule's ARN as aws:SourceArn).
    """
    found = resources(stack).values()
    [function] = [
        one["PhysicalResourceId"]
        for one in found
        if one["ResourceType"] == "AWS::Lambda::Function" and one["LogicalResourceId"].startswith("Publish")
    ]
    rules = session.create_client("events").list_rules()["Rules"]
    functions = session.create_client("lambda")
    policy = json.loads(functions.get_policy(FunctionName=function)["Policy"])
    sources = [
        one["Condition"]["ArnLike"]["AWS:SourceArn"]
        for one in policy["Statement"]
        if one["Principal"] == {"Service": "events.amazonaws.com"}
    ]
    if sources != [rule["Arn"] for rule in rules]:
        sys.exit(f"the rules {rules} and the sources {sources} that may invoke the function are not the same")
    answer = functions.invoke(FunctionName=function, Payload=json.dumps({"task": "measure-channels"}))
    if "FunctionError" in answer:
        sys.exit(answer["Payload"].read().decode())
    return function


def count(stack, kind):
    return sum(one["ResourceType"] == kind for one in resources(stack).values())


print({"admin": admin, "zone": zone, "unprotect": unprotect, "measure": measure, "count": count}[sys.argv[1]](*sys.argv[2:]))
