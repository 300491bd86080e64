from base import *

class Case(Base):
    """A refresh token is issued, and the grant for it is not implemented."""
    def token(self, r):
        if r.form.get("grant_type") == "refresh_token":
            return self.oauth_error("unsupported_grant_type")
        return super().token(r)


main(Case)
