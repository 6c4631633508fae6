"""Asks botocore what it sends and reads: one JSON line per operation, and one per endpoint.

Parameters and answers are made from the shapes, by a seed; nothing is sent.
"""

import base64
import copy
import datetime
import json
import random
import re
import sys
from urllib.parse import parse_qsl, quote

import botocore.loaders
from botocore import handlers, xform_name
from botocore.awsrequest import HeadersDict, create_request_object, prepare_request_dict
from botocore.endpoint_provider import EndpointProvider
from botocore.model import ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from email.utils import formatdate
from xml.sax.saxutils import escape

SEED, PER_PROTOCOL = int(sys.argv[1]), int(sys.argv[2])
CHANCE = random.Random(SEED)
LOADER = botocore.loaders.Loader(include_default_extras=False)
WORDS = ['a', 'Zebra', 'with space', 'é/ü~', 'x&y<z>', '1+1=2', 'quo"te', 'a,b;c', '%41', 'long' * 9]
PLAIN = ['a', 'Zebra', 'x-1', 'b_2.c']
UTC = datetime.timezone.utc


class TooDeep(Exception):
    pass


def made(shape, depth=0, plain=False):
    """A value of the shape, as botocore wants it."""
    if depth > 14:
        raise TooDeep()
    least = shape.metadata.get('min', 0)
    kind = shape.type_name
    located = shape.serialization.get('location')
    plain = plain or located in ('header', 'headers', 'uri')
    if shape.serialization.get('hostLabel'):
        return 'label-1'
    if shape.serialization.get('jsonvalue') and located == 'header':
        return {'a': [1, 'b']}
    if kind == 'structure':
        if shape.is_document_type:
            return {'any': [1, 'thing', {'at': True}]}
        names = list(shape.members)
        if shape.is_tagged_union:
            scalar = [name for name in names if shape.members[name].type_name not in ('structure', 'list', 'map')]
            names = [CHANCE.choice(scalar if scalar and depth > 4 else names)]
        else:
            needed = shape.required_members
            share = 0.7 if depth < 3 else 0.4 if depth < 5 else 0.0
            names = [name for name in names if name in needed or CHANCE.random() < share]
        return {name: made(shape.members[name], depth + 1, plain) for name in names}
    if kind == 'list':
        count = max(int(least), CHANCE.randint(0, 2) if depth < 8 else 0)
        return [made(shape.member, depth + 1, plain) for _ in range(min(count, 30))]
    if kind == 'map':
        count = max(int(least), CHANCE.randint(0, 2) if depth < 8 else 0)
        return {f'k{place}{CHANCE.choice(PLAIN)}': made(shape.value, depth + 1, plain) for place in range(count)}
    if kind in ('string', 'character'):
        text = CHANCE.choice(PLAIN if plain else WORDS)
        return text + 'p' * max(0, int(least) - len(text))
    if kind in ('integer', 'long'):
        return max(int(least), CHANCE.choice([0, 1, 7, 23, 24, 300, 70000] + [2**40] * (kind == 'long')))
    if kind in ('float', 'double'):
        return max(float(least), CHANCE.choice([0.0, 1.5, 0.25, 1000.0, 3.75]))
    if kind == 'boolean':
        return CHANCE.random() < 0.5
    if kind == 'timestamp':
        micros = CHANCE.choice([0, 0, 250000, 123456])
        if plain or shape.serialization.get('timestampFormat') == 'rfc822':
            micros = 0
        return datetime.datetime.fromtimestamp(CHANCE.randint(0, 2**31), UTC).replace(microsecond=micros)
    if kind == 'blob':
        return bytes(CHANCE.randint(32, 126) for _ in range(max(int(least), CHANCE.randint(1, 9))))
    raise ValueError(kind)


def ours(value):
    """The same value, as JSON has it."""
    if isinstance(value, dict):
        return {name: ours(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [ours(inner) for inner in value]
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.datetime):
        return value.astimezone(UTC).isoformat()
    return value


def time_text(value, form):
    if form == 'unixtimestamp':
        seconds = value.timestamp()
        return int(seconds) if seconds == int(seconds) else seconds
    if form == 'rfc822':
        return formatdate(int(value.timestamp()), usegmt=True)
    return value.astimezone(UTC).strftime('%Y-%m-%dT%H:%M:%S.%fZ' if value.microsecond else '%Y-%m-%dT%H:%M:%SZ')


def as_json(shape, value):
    if shape.type_name == 'structure' and not shape.is_document_type:
        return {shape.members[n].serialization.get('name', n): as_json(shape.members[n], v) for n, v in value.items()}
    if shape.type_name == 'list':
        return [as_json(shape.member, v) for v in value]
    if shape.type_name == 'map':
        return {n: as_json(shape.value, v) for n, v in value.items()}
    if shape.type_name == 'timestamp':
        return time_text(value, shape.serialization.get('timestampFormat', 'unixtimestamp').lower())
    return ours(value)


def text_of(shape, value, form='iso8601'):
    if shape.type_name == 'timestamp':
        return str(time_text(value, shape.serialization.get('timestampFormat', form).lower()))
    if shape.type_name == 'boolean':
        return 'true' if value else 'false'
    return str(ours(value))


def as_xml(shape, value, name):
    kind, how = shape.type_name, shape.serialization
    if kind == 'structure':
        inside, attributes = '', ''
        for member, inner in value.items():
            of = shape.members[member]
            own = of.serialization.get('name', member)
            if of.serialization.get('location') in ('header', 'headers', 'statusCode'):
                continue
            if of.serialization.get('xmlAttribute'):
                attributes += f' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" {own}="{escape(inner, {chr(34): "&quot;"})}"'
            else:
                inside += as_xml(of, inner, own)
        return f'<{name}{attributes}>{inside}</{name}>'
    if kind == 'list':
        if how.get('flattened'):
            own = shape.member.serialization.get('name', name)
            return ''.join(as_xml(shape.member, inner, own) for inner in value)
        own = shape.member.serialization.get('name', 'member')
        return f'<{name}>' + ''.join(as_xml(shape.member, inner, own) for inner in value) + f'</{name}>'
    if kind == 'map':
        key, val = shape.key.serialization.get('name', 'key'), shape.value.serialization.get('name', 'value')
        entry = name if how.get('flattened') else 'entry'
        inside = ''.join(
            f'<{entry}>{as_xml(shape.key, k, key)}{as_xml(shape.value, v, val)}</{entry}>' for k, v in value.items()
        )
        return inside if how.get('flattened') else f'<{name}>\n {inside}</{name}>'
    return f'<{name}>{escape(text_of(shape, value))}</{name}>'


def as_cbor(shape, value):
    into = bytearray()
    create_serializer('smithy-rpc-v2-cbor')._serializer._serialize_data_item(into, value, shape)
    return bytes(into)


def answered(protocol, operation):
    """An answer on the wire, and what it says."""
    shape = operation.output_shape
    headers, status = {'x-amzn-RequestId': 'r-1'}, 200
    name = operation.name
    if shape is None:
        return status, headers, b'<a/>' if protocol in ('query', 'ec2', 'rest-xml') else b'{}'
    value = made(shape)
    if protocol == 'json':
        return status, headers, json.dumps(as_json(shape, value)).encode()
    if protocol == 'smithy-rpc-v2-cbor':
        return status, headers, as_cbor(shape, value)
    if protocol == 'ec2':
        body = as_xml(shape, value, name + 'Response').replace(f'</{name}Response>', f'<requestId>r</requestId></{name}Response>')
        return status, headers, b'<?xml version="1.0" encoding="UTF-8"?>\n' + body.encode()
    if protocol == 'query':
        body = as_xml(shape, value, shape.serialization.get('resultWrapper', name + 'Result'))
        body = f'<{name}Response xmlns="urn:x">\n  {body}\n  <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{name}Response>'
        return status, headers, body.encode()
    in_body = {}
    for member, inner in value.items():
        of = shape.members[member]
        where, wire = of.serialization.get('location'), of.serialization.get('name', member)
        if where == 'statusCode':
            continue
        if where == 'headers':
            headers.update({wire + key: inner_value for key, inner_value in inner.items()})
        elif where == 'header':
            if of.serialization.get('jsonvalue'):
                headers[wire] = base64.b64encode(json.dumps(inner).encode()).decode()
            elif of.type_name == 'list':
                if inner:
                    headers[wire] = ', '.join(text_of(of.member, one, 'rfc822') for one in inner)
            else:
                headers[wire] = text_of(of, inner, 'rfc822')
        else:
            in_body[member] = inner
    payload = shape.serialization.get('payload')
    of = shape.members[payload] if payload else shape
    inner = value.get(payload) if payload else in_body
    if payload and of.type_name in ('blob', 'string'):
        body = inner if isinstance(inner, bytes) else (inner or '').encode()
    elif inner is None:
        body = b''
    elif protocol == 'rest-json':
        body = json.dumps(as_json(of, inner)).encode()
    else:
        root = of.serialization.get('name', of.name)
        body = as_xml(of, inner, root).encode()
    return status, headers, body


def refused(protocol, operation):
    """A refusal on the wire, of the first error that the operation lists, and its shape."""
    if not operation.error_shapes:
        return None
    shape = operation.error_shapes[0]
    code = shape.metadata.get('error', {}).get('code', shape.name)
    value = {n: v for n, v in made(shape).items() if 'location' not in shape.members[n].serialization}
    headers = {'x-amzn-RequestId': 'r-1'}
    if protocol in ('json', 'rest-json', 'smithy-rpc-v2-cbor'):
        if protocol == 'smithy-rpc-v2-cbor':
            body = as_cbor(shape, value)
            typed = b'\x66__type' + bytes([0x78, len(code) + 4]) + f'a.b#{code}'.encode()
            if body[0] & 0xE0 != 0xA0 or body[0] & 31 > 20:
                return None
            body = bytes([body[0] + 1]) + typed + body[1:]
        else:
            body = as_json(shape, value)
            if protocol == 'json':
                body['__type'] = f'a.b#{code}:http://x/'
            else:
                headers['x-amzn-errortype'] = f'{code}:http://x/'
            body = json.dumps(body).encode()
        return shape, (400, headers, body)
    # A member of the error's own by that name stands beside the error's code.
    value.pop('Code', None)
    inside = as_xml(shape, value, 'Error')
    inside = inside.replace('<Error>', f'<Error><Code>{code}</Code>', 1)
    if '<Message>' not in inside and '<message>' not in inside:
        inside = inside.replace('</Error>', '<Message>no</Message></Error>')
    body = f'<Response><Errors>{inside}</Errors><RequestID>r</RequestID></Response>' if protocol == 'ec2' else (
        f'<ErrorResponse>{inside}<RequestId>r</RequestId></ErrorResponse>'
    )
    return shape, (400, headers, body.encode())


def parsed(protocol, shape, wire):
    status, headers, body = wire
    known = HeadersDict()
    for name, value in headers.items():
        known[name] = value
    response = {'status_code': status, 'headers': known, 'body': body, 'context': {}}
    return create_parser(protocol).parse(response, shape)


def sent(wire):
    status, headers, body = wire
    return {'status': status, 'headers': list(headers.items()), 'body': ours(body)}


def written(protocol, request):
    """The body in the form in which both are compared."""
    body = request.body or b''
    body = body.encode() if isinstance(body, str) else bytes(body)
    if protocol in ('query', 'ec2'):
        pairs = parse_qsl(body.decode(), keep_blank_values=True)
        return '&'.join(f'{quote(n, safe="~")}={quote(v, safe="~")}' for n, v in pairs).encode()
    if protocol == 'rest-xml' and body.startswith(b'<'):
        text = body.decode()
        text = re.sub(r'<([^\s<>/]+)((?:\s+[^\s<>=]+="[^"]*")*) ?/>', r'<\1\2></\1>', text)
        parts = re.split(r'(<[^<>]*>)', text)
        return ''.join(p if p.startswith('<') else p.replace('"', '&quot;') for p in parts).encode()
    return body


def case(service, protocol, operation):
    params = made(operation.input_shape) if operation.input_shape else {}
    kept = ours(params)
    context = {}
    if service == 's3':
        handlers.remove_bucket_from_url_paths_from_model(params, operation, context)
    if service == 's3control':
        handlers.remove_accid_host_prefix_from_model(params, operation, context)
    request = create_serializer(protocol).serialize_to_request(copy.deepcopy(params), operation)
    prepare_request_dict(request, 'https://host.example.com')
    request = create_request_object(request).prepare()
    text = lambda word: word.decode() if isinstance(word, bytes) else str(word)
    headers = [[text(n), text(v)] for n, v in request.headers.items() if n.lower() != 'content-length']
    answers = []
    for _ in range(2):
        wire = answered(protocol, operation)
        try:
            expected = parsed(protocol, operation.output_shape, wire)
        except Exception as error:
            print(f'{service}.{operation.name}: botocore reads no answer: {error!r}', file=sys.stderr)
            continue
        expected.pop('ResponseMetadata', None)
        expected = ours(expected)
        payload = operation.output_shape and operation.output_shape.serialization.get('payload')
        if payload and operation.output_shape.members[payload].type_name == 'blob':
            expected[payload] = base64.b64encode(expected[payload].encode()).decode()
        answers.append({**sent(wire), 'expected': expected})
    refusal = refused(protocol, operation)
    if refusal:
        shape, wire = refusal
        told = parsed(protocol, operation.output_shape, wire)['Error']
        members = ours(parsed(protocol, shape, wire))
        if not isinstance(told.get('Message') or '', str):
            print(f'{service}.{operation.name}: botocore reads no message: {wire}', file=sys.stderr)
            told['Message'] = told['Message'].text
        answers.append({**sent(wire), 'error': {'code': told['Code'], 'message': told.get('Message') or '', 'members': members}})
    return {
        'service': service, 'protocol': protocol, 'operation': operation.name, 'parameters': kept,
        'method': text(request.method), 'url': text(request.url).removesuffix('?'), 'headers': headers,
        'body': ours(written(protocol, request)), 'answers': answers,
    }


def cases():
    wanted = {}
    models = {}
    for service in LOADER.list_available_services('service-2'):
        data = LOADER.load_service_model(service, 'service-2')
        model = ServiceModel(data, service)
        spoken = {model.resolved_protocol}
        if 'smithy-rpc-v2-cbor' in model.metadata.get('protocols', []):
            spoken.add('smithy-rpc-v2-cbor')
        for protocol in spoken:
            for name in model.operation_names:
                wanted.setdefault(protocol, []).append((service, name))
        models[service] = data
    for protocol, listed in sorted(wanted.items()):
        CHANCE.shuffle(listed)
        # The few services of a rare protocol are the ones that matter most.
        listed = [one for one in listed if one[0] in FIRST] + [one for one in listed if one[0] not in FIRST]
        counted = 0
        for service, name in listed:
            if counted == PER_PROTOCOL:
                break
            operation = ServiceModel(models[service], service).operation_model(name)
            if operation.has_event_stream_input or operation.has_event_stream_output:
                continue
            try:
                print(json.dumps(case(service, protocol, operation)))
                counted += 1
            except TooDeep:
                continue
            except TypeError as error:
                print(f'{service}.{name}: botocore reads what is no value: {error}', file=sys.stderr)
    for service, data in models.items():
        endpoints(service, ServiceModel(data, service))


FIRST = {'s3', 's3control', 'organizations', 'kms', 'eks'}


def endpoints(service, model):
    rules = LOADER.load_service_model(service, 'endpoint-rule-set-1')
    provider = EndpointProvider(rules, LOADER.load_data('partitions'))
    of_its_own = lambda o: o.static_context_parameters or o.context_parameters or o.operation_context_parameters
    plain = [n for n in model.operation_names if not of_its_own(model.operation_model(n))]
    if not plain:
        return
    for region in ('us-east-1', 'eu-west-1', 'cn-north-1', 'us-gov-west-1', 'us-iso-east-1', 'aws-global'):
        for fips, dual in ((False, False), (True, False), (False, True), (True, True)):
            params = {'Region': region, 'UseFIPS': fips, 'UseDualStack': dual, 'AccountIdEndpointMode': 'preferred',
                      'ForcePathStyle': False, 'UseArnRegion': True}
            params = {name: value for name, value in params.items() if name in rules['parameters']}
            try:
                found = provider.resolve_endpoint(**params)
                schemes = found.properties.get('authSchemes') or [{}]
                expected = [found.url, schemes[0].get('signingName'), schemes[0].get('signingRegion')]
            except Exception:
                expected = None
            print(json.dumps({'service': service, 'endpoint': plain[0], 'region': region, 'fips': fips,
                              'dual_stack': dual, 'expected': expected}))


cases()
