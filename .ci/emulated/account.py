"""account.py NAME …: what the script needs of AWS beside the CDK, by AWS's own client. Each prints one line."""

import json
import subprocess
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


def delivery(stack):
    """
    Compares the private key in the secret with the public key that CloudFront has; fails if they are no pair, or if an event of
    the stack or the log of the function has the private key. Prints the domain of the distribution.
    """
    kinds = {one["ResourceType"]: one["PhysicalResourceId"] for one in resources(stack).values()}
    secret = session.create_client("secretsmanager").get_secret_value(SecretId=kinds["AWS::SecretsManager::Secret"])
    private = secret["SecretString"]
    cloudfront = session.create_client("cloudfront")
    known = cloudfront.get_public_key(Id=kinds["AWS::CloudFront::PublicKey"])["PublicKey"]["PublicKeyConfig"]["EncodedKey"]
    public = subprocess.run(["openssl", "pkey", "-pubout"], input=private, capture_output=True, check=True, text=True).stdout
    if public.split() != known.split():
        sys.exit(f"the secret has another key than CloudFront: {public} and {known}")
    events = session.create_client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
    logs = session.create_client("logs")
    groups = [one["logGroupName"] for one in logs.describe_log_groups()["logGroups"]]
    lines = [one["message"] for group in groups for one in logs.filter_log_events(logGroupName=group)["events"]]
    if "key created" not in str(lines):
        sys.exit(f"the log does not say that the key was created: {lines}")
    if any(line in str([events, lines]) for line in private.splitlines()[1:-1]):
        sys.exit("the private key is in an event or in a log")
    return cloudfront.get_distribution(Id=kinds["AWS::CloudFront::Distribution"])["Distribution"]["DomainName"]


def count(stack, kind):
    return sum(one["ResourceType"] == kind for one in resources(stack).values())


commands = {"admin": admin, "zone": zone, "unprotect": unprotect, "measure": measure, "delivery": delivery, "count": count}
print(commands[sys.argv[1]](*sys.argv[2:]))
