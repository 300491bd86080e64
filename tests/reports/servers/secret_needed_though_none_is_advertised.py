from base import *

class Case(Base):
    """The metadata knows "none" only; registration gives a secret without a word on it, and the token endpoint wants it."""
    def metadata(self):
        return {**super().metadata(), "token_endpoint_auth_methods_supported": ["none"]}

    def register(self, r):
        status, headers, client = super().register(r)
        client = {name: value for name, value in client.items() if name != "token_endpoint_auth_method"}
        return status, headers, {**client, "client_secret": "s-" + secrets.token_urlsafe(18), "client_secret_expires_at": 0}

    def token(self, r):
        if not r.form.get("client_secret"):
            return self.oauth_error("invalid_client", "Client authentication failed: client_secret is required", 401)
        return super().token(r)


main(Case)
