from base import *

class Case(Base):
    """Codes live in the memory of one worker, and the token request reaches the next one."""
    def token(self, r):
        if r.form.get("grant_type") == "authorization_code":
            return self.oauth_error("invalid_grant", "Authorization code is invalid or expired")
        return super().token(r)


main(Case)
