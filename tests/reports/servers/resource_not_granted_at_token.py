from base import *

class Case(Base):
    """The resource is taken at the authorization endpoint and refused at the token endpoint."""
    def token(self, r):
        if r.form.get("resource"):
            return self.oauth_error("invalid_target", "The requested resource is invalid, missing, unknown, or malformed. "
                                    f"Requested resource '{r.form['resource']}' has not been whitelisted by the OAuth 2.0 Client.")
        return super().token(r)


main(Case)
