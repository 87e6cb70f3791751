"""The same application with the Weixin backends of python-social-auth."""
import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, urlsplit
from urllib.request import urlopen

from social_core.backends.weixin import WeixinOAuth2, WeixinOAuth2APP
from social_core.strategy import BaseStrategy

ACCOUNTS = json.loads(os.environ['ACCOUNTS'])
BACKENDS = {'website': WeixinOAuth2, 'mp': WeixinOAuth2APP, 'wrong': WeixinOAuth2APP}
SESSION = {}
TOKENS = {}


class User(dict):
    is_active = True


def remember(backend, uid, response, details, *args, **kwargs):
    TOKENS[uid] = response
    return {'user': User(openid=uid, nickname=details['username'], unionid=response['unionid'])}


class Strategy(BaseStrategy):
    """What python-social-auth wants to know of a framework."""

    def __init__(self, account, query, origin):
        super().__init__()
        self.settings = {
            'KEY': ACCOUNTS[account]['appId'],
            'SECRET': ACCOUNTS[account]['appSecret'],
            'PIPELINE': (
                'social_core.pipeline.social_auth.social_details',
                'social_core.pipeline.social_auth.social_uid',
                f'{__name__}.remember',
            ),
        }
        if account != 'website':
            self.settings['SCOPE'] = ['snsapi_userinfo']
            self.settings['IGNORE_DEFAULT_SCOPE'] = True
        self.query = query
        self.origin = origin

    def get_setting(self, name):
        return self.settings[name]

    def request_data(self, merge=True):
        return self.query

    def build_absolute_uri(self, path=None):
        return self.origin + path

    def session_get(self, name, default=None):
        return SESSION.get(name, default)

    def session_set(self, name, value):
        SESSION[name] = value


def act(account, action, query, origin):
    strategy = Strategy(account, query, origin)
    backend = BACKENDS[account](strategy, f'/{account}/callback')
    if action == 'login':
        return backend.auth_url()
    if action == 'callback':
        return backend.complete()
    if action == 'user':
        return backend.user_data(TOKENS[query['openid']]['access_token'], response=TOKENS[query['openid']])
    if action == 'refresh':
        if 'at' in query:
            backend.REFRESH_TOKEN_URL = query['at']
        return backend.refresh_token(TOKENS[query['openid']]['refresh_token'])
    if action == 'urllib':
        with urlopen('https://api.weixin.qq.com/sns/auth') as response:
            return json.load(response)
    raise KeyError(action)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        url = urlsplit(self.path)
        _, account, action = url.path.split('/')
        try:
            answer = act(account, action, dict(parse_qsl(url.query)), f"http://{self.headers['Host']}")
            status = 302 if isinstance(answer, str) else 200
        except Exception as error:
            status, answer = 500, {'message': f'{type(error).__name__}: {error}'}
        self.send_response(status)
        if status == 302:
            self.send_header('Location', answer)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *args):
        pass


server = HTTPServer(('127.0.0.1', 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
