from base import *

class Case(Base):
    """Registers clients with a secret only, and says so in its metadata."""
    def metadata(self):
        return {**super().metadata(), "token_endpoint_auth_methods_supported": ["client_secret_post"]}

    def register(self, r):
        if r.json.get("token_endpoint_auth_method") != "client_secret_post":
            return self.oauth_error("invalid_client_metadata", "token_endpoint_auth_method is expected to be client_secret_post")
        return super().register(r)


main(Case)
