from base import *

class Case(Base):
    """Entra refuses a resource that is not the one its scopes name."""
    def token(self, r):
        if "resource" in r.form:
            return self.oauth_error("invalid_target", "AADSTS9010010: The resource parameter provided in the request doesn't match with the requested scopes.")
        return super().token(r)


main(Case)
