from base import *

class Case(Base):
    """The authorization endpoint comes with a resource of its own, and the token is bound to it."""
    def metadata(self):
        return {**super().metadata(), "authorization_endpoint": self.origin + "/authorize?resource=" + up.quote(self.origin, safe="")}

    def token(self, r):
        if r.form.get("resource") != self.origin:
            return self.oauth_error("invalid_target", "resource indicator is missing, or unknown")
        return super().token(r)


main(Case)
