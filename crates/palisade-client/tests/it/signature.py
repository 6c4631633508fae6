"""Signs requests as botocore does, at a fixed time: JSON in, the authorizations out."""

import datetime
import json
import sys

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

NOW = datetime.datetime.fromtimestamp(1794942780, datetime.timezone.utc)


class Clock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return NOW if tz else NOW.replace(tzinfo=None)

    @classmethod
    def utcnow(cls):
        return NOW.replace(tzinfo=None)


class Module:
    datetime = Clock


botocore.auth.datetime = Module
botocore.auth.get_current_datetime = lambda remove_tzinfo=True: NOW.replace(tzinfo=None) if remove_tzinfo else NOW

told = []
for case in json.load(sys.stdin):
    keys = Credentials('AKIDEXAMPLE', 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', case['token'])
    signer = {'v4': botocore.auth.SigV4Auth, 's3v4': botocore.auth.S3SigV4Auth}[case['kind']]
    request = AWSRequest(
        case['method'], case['url'], headers=dict(case['headers']), data=case['body'].encode() or None
    )
    # S3 leaves the body out over HTTPS unless it is told not to; ours always signs it.
    request.context['client_config'] = None
    request.context['payload_signing_enabled'] = True
    signer(keys, case['service'], case['region']).add_auth(request)
    told.append(request.headers['Authorization'])
json.dump(told, sys.stdout)
