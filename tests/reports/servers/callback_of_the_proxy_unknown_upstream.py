from base import *

class Case(Base):
    """The authorization server sends users on to an identity provider, which does not know its callback."""
    def authorize(self, r):
        there = f"http://localhost:{self.port}/o/oauth2/v2/auth?"
        query = {"client_id": "upstream-app", "redirect_uri": self.origin + "/auth/callback", "response_type": "code", "scope": "openid email", "state": "u-1"}
        return 302, {"Location": there + up.urlencode(query)}, b""

    def other(self, r):
        if r.path == "/o/oauth2/v2/auth":
            return self.page("Error 400: redirect_uri_mismatch", f"<p>You can't sign in because this app sent an invalid request.</p><p>redirect_uri={html.escape(r.query['redirect_uri'])}</p>", 400)
        return super().other(r)


main(Case)
