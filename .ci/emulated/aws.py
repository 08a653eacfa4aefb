"""
MiniStack as AWS: under AWS's own host names on 127.0.0.1:443, inside a network namespace whose every name is 127.0.0.1.
What MiniStack lacks of IAM, S3 and API Gateway is added here, each with the page of AWS's documentation that says it.
`aws.py --lacks` prints what remains.
"""

import re
import socketserver
import struct
import sys
import threading
from xml.sax.saxutils import escape

LACKS = """\
What this emulator does not show, and verify-deployment on a real stack does:
  - %2F in a path: the emulator decodes it before it matches routes and answers 404 itself
  - the bucket policy's statements on plain http, old TLS and replication: nobody asks in such a way here
  - throttling: the limits of routes are stored and not applied
  - the schedule: the rule is stored; the function is invoked by hand with the same event
  - the certificate of the domain: it counts as issued at once, and the emulator's own is served
  - alarms, the dashboard and e-mail: they are stored; nothing fires
  - GitHub's OIDC: AWS::IAM::OIDCProvider is no type of it (githubOidcProvider=create); the role is stored, no token exchanged
  - object lock, storage classes and lifecycle: object lock is not deployed, the rest is stored; no time passes
  - arm64, memory limits, a cold start's time: the function runs in a Node process of this machine
  - CloudFront: the distribution, its policies and its keys are stored; no location serves a release or checks a signature
  - the 30 s of the gateway, its 10 KB of headers and 10 MB of body
"""

if sys.argv[1:] == ["--lacks"]:
    print(LACKS, end="")
    sys.exit()

import ministack.app as app
from ministack.core import iam_actions, iam_evaluator
from ministack.services import apigateway, cloudfront, lambda_svc, s3
from ministack.services.cloudformation import provisioners


class Name(socketserver.BaseRequestHandler):
    """Answers every question for an IPv4 address with 127.0.0.1, and any other with nothing (RFC 1035, section 4)."""

    def handle(self):
        question, socket = self.request
        end = question.index(b"\0", 12) + 5
        is_address = question[end - 4 : end - 2] == b"\0\1"
        answer = b"\xc0\x0c" + struct.pack(">HHIH4B", 1, 1, 1, 4, 127, 0, 0, 1) if is_address else b""
        counts = struct.pack(">HHHH", 1, is_address, 0, 0)
        socket.sendto(question[:2] + b"\x81\x80" + counts + question[12:end] + answer, self.client_address)


names = socketserver.UDPServer(("127.0.0.1", 53), Name)
threading.Thread(target=names.serve_forever, daemon=True).start()

# 1.5.33 compares the port, a number, with "443", and binds it a second time.
app._port_is_bindable = lambda *_: False

object_context = iam_actions._s3_object_context


def with_write_conditions(action, query, path, headers):
    """
    S3 user guide, "Enforce conditional writes on Amazon S3 buckets": s3:if-match, s3:if-none-match, and
    s3:ObjectCreationOperation, which is false for CreateMultipartUpload and UploadPart. Service Authorization Reference, "Actions,
    resources, and condition keys for Amazon S3": s3:x-amz-copy-source, s3:TlsVersion.
    """
    context = object_context(action, query, path, headers)
    context["s3:TlsVersion"] = "1.3"
    if action == "s3:PutObject":
        context["s3:ObjectCreationOperation"] = "false" if "partNumber" in query or "uploads" in query else "true"
        for name in ("if-match", "if-none-match", "x-amz-copy-source"):
            if headers.get(name):
                context[f"s3:{name}"] = headers[name]
    return context


iam_actions._s3_object_context = with_write_conditions

condition_key = iam_evaluator._resolve_condition_key


def with_role_of_session(key, context):
    """IAM user guide, "AWS global condition context keys": aws:PrincipalArn is the ARN of the role, not of its session."""
    value = condition_key(key, context)
    if key.lower() != "aws:principalarn" or ":assumed-role/" not in str(value):
        return value
    _, partition, _, _, account, session = value.split(":", 5)
    return f"arn:{partition}:iam::{account}:role/{session.split('/')[1]}"


iam_evaluator._resolve_condition_key = with_role_of_session

enforce = iam_evaluator.enforce


def with_missing_keys(access_key, action, service, region, resource_arn="*", service_context=None):
    """
    S3 API reference, GetObject and HeadObject: for an object that does not exist, "if you have the s3:ListBucket permission on the
    bucket, Amazon S3 returns an HTTP status code 404"; "if you don't", 403.
    """
    denied = enforce(access_key, action, service, region, resource_arn, service_context)
    if denied is not None or action != "s3:GetObject":
        return denied
    bucket, _, key = resource_arn.removeprefix("arn:aws:s3:::").partition("/")
    if bucket not in s3._buckets or key in s3._buckets[bucket]["objects"]:
        return None
    return enforce(access_key, "s3:ListBucket", service, region, f"arn:aws:s3:::{bucket}", {})


iam_evaluator.enforce = with_missing_keys

invoke_proxy = apigateway._invoke_lambda_proxy
REFUSED = 500, {"Content-Type": "application/json"}, b'{"message":"Internal Server Error"}'


async def with_permission(integration, api_id, stage, path, method, *rest, **named):
    """
    API Gateway developer guide, "Create AWS Lambda proxy integrations for HTTP APIs": the function's resource policy must allow it.
    AWS Knowledge Center, "How do I resolve API Gateway HTTP API permissions errors with a Lambda integration": otherwise the
    client gets "Internal Server Error". The source is arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH, with the path of the
    route ("Control access to HTTP APIs with Lambda permissions", Lambda developer guide, "Invoking a Lambda function using an
    Amazon API Gateway endpoint").
    """
    account, region = named["owner_account_id"], named["owner_region"]
    reference = apigateway._extract_lambda_ref_from_integration_uri(integration.get("integrationUri", ""))
    function, config, _ = lambda_svc._get_func_record_for_ref_in_scope(reference, account_id=account, region=region)
    route_key = rest[3]
    source = f"arn:aws:execute-api:{region}:{account}:{api_id}/{stage}/{method}{route_key.partition(' ')[2]}"
    context = iam_evaluator.EvalContext(
        principal_arn="apigateway.amazonaws.com",
        principal_type="Service",
        principal_account=account,
        action="lambda:InvokeFunction",
        resource_arn=config["FunctionArn"],
        region=region,
        service_context={"aws:sourcearn": source, "aws:sourceaccount": account},
    )
    decision = iam_evaluator.evaluate_resource_policy(function["policy"], context, "apigateway.amazonaws.com").decision
    if decision != "Allow":
        print(f"{source} may not invoke {config['FunctionArn']}: {function['policy']}", flush=True)
        return REFUSED
    return await invoke_proxy(integration, api_id, stage, path, method, *rest, **named)


apigateway._invoke_lambda_proxy = with_permission

apply_configurations = provisioners._s3_apply_configurations


def lifecycle_xml(configuration):
    """S3 API reference, PutBucketLifecycleConfiguration, from CloudFormation's template reference, "AWS::S3::Bucket Rule"."""

    def element(name, *children):
        return f"<{name}>{''.join(map(str, children))}</{name}>"

    def fields(rule):
        tags = [element("Tag", element("Key", tag["Key"]), element("Value", tag["Value"])) for tag in rule.get("TagFilters", [])]
        yield element("ID", rule["Id"])
        yield element("Status", rule["Status"])
        yield element("Filter", tags[0] if tags else element("Prefix", rule.get("Prefix", "")))
        if "ExpirationInDays" in rule:
            yield element("Expiration", element("Days", rule["ExpirationInDays"]))
        if rule.get("ExpiredObjectDeleteMarker"):
            yield element("Expiration", element("ExpiredObjectDeleteMarker", "true"))
        for one in rule.get("Transitions", []):
            yield element("Transition", element("Days", one["TransitionInDays"]), element("StorageClass", one["StorageClass"]))
        if "NoncurrentVersionExpiration" in rule:
            days = rule["NoncurrentVersionExpiration"]["NoncurrentDays"]
            yield element("NoncurrentVersionExpiration", element("NoncurrentDays", days))
        if "AbortIncompleteMultipartUpload" in rule:
            days = rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]
            yield element("AbortIncompleteMultipartUpload", element("DaysAfterInitiation", days))

    rules = [element("Rule", *fields(rule)) for rule in configuration["Rules"]]
    return element("LifecycleConfiguration", *rules).encode()


def with_lifecycle(name, properties, *rest):
    apply_configurations(name, properties, *rest)
    if "LifecycleConfiguration" not in properties:
        return
    status, _, body = s3._put_bucket_lifecycle(name, lifecycle_xml(properties["LifecycleConfiguration"]))
    if status >= 300:
        raise ValueError(f"AWS::S3::Bucket LifecycleConfiguration: {body!r}")


provisioners._s3_apply_configurations = with_lifecycle

api = provisioners._RESOURCE_HANDLERS["AWS::ApiGatewayV2::Api"]
create_api = api["create"]


def without_port(*arguments):
    """API Gateway developer guide, "HTTP API": the endpoint is https://API.execute-api.REGION.amazonaws.com, without a port."""
    api_id, attributes = create_api(*arguments)
    endpoint = attributes["ApiEndpoint"].removesuffix(":443")
    apigateway._apis[api_id]["apiEndpoint"] = attributes["ApiEndpoint"] = endpoint
    return api_id, attributes


api["create"] = without_port


secret = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
create_secret, delete_secret = secret["create"], secret["delete"]


def with_arn(*arguments):
    """CloudFormation template reference, "AWS::SecretsManager::Secret", return values: "Ref returns the ARN of the secret"."""
    _, attributes = create_secret(*arguments)
    return attributes["Arn"], attributes


secret["create"] = with_arn
secret["delete"] = lambda arn, *rest: delete_secret(arn.split(":")[-1].rpartition("-")[0], *rest)


def made(answer):
    """The id in an answer of CloudFront, and the attributes of the resource."""
    status, _, body = answer
    if status >= 300:
        raise ValueError(f"CloudFront: {body!r}")
    found = re.search(rb"<Id>(.*?)</Id>", body)
    identifier = found and found.group(1).decode()
    return identifier, {"Id": identifier}


def as_xml(name, value):
    """CloudFront API reference: PublicKeyConfig, KeyGroupConfig and MonitoringSubscription, as CloudFormation's types have them."""
    if isinstance(value, list):
        value = {"PublicKey": value}
    if not isinstance(value, dict):
        return f"<{name}>{escape(str(value))}</{name}>"
    children = (as_xml(key, one) for key, many in value.items() for one in (many if key == "PublicKey" else [many]))
    return f"<{name}>{''.join(children)}</{name}>"


def body(name, properties):
    return as_xml(name, properties[name]).encode()


def stored(table, identifier):
    return {"if-match": table[identifier]["ETag"]}


provisioners._RESOURCE_HANDLERS["AWS::CloudFront::PublicKey"] = {
    "create": lambda _, properties, *rest: made(cloudfront._create_public_key(body("PublicKeyConfig", properties))),
    "delete": lambda key, *rest: cloudfront._delete_public_key(key, stored(cloudfront._public_keys, key)),
}
provisioners._RESOURCE_HANDLERS["AWS::CloudFront::KeyGroup"] = {
    "create": lambda _, properties, *rest: made(cloudfront._create_key_group(body("KeyGroupConfig", properties))),
    "delete": lambda group, *rest: cloudfront._delete_key_group(group, stored(cloudfront._key_groups, group)),
}
provisioners._RESOURCE_HANDLERS["AWS::CloudFront::MonitoringSubscription"] = {
    "create": lambda _, properties, *rest: (
        made(
            cloudfront._create_monitoring_subscription(
                properties["DistributionId"], body("MonitoringSubscription", properties)
            )
        )[0]
        or properties["DistributionId"],
        {},
    ),
    "delete": lambda distribution, *rest: cloudfront._delete_monitoring_subscription(distribution),
}

app.main()
