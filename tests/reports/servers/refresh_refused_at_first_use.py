from base import *

class Case(Base):
    """The first use of a refresh token is refused."""
    def token(self, r):
        if r.form.get("grant_type") == "refresh_token":
            return self.oauth_error("invalid_grant", "refresh token is invalid")
        return super().token(r)


main(Case)
