from base import *

class Case(Base):
    """Clients are registered for client_secret_basic, and the token endpoint reads client_id from the body alone."""
    def metadata(self):
        return {**super().metadata(), "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"]}

    def token(self, r):
        if not r.form.get("client_id"):
            return self.oauth_error("invalid_client", "Missing client_id", 401)
        return super().token(r)


main(Case)
