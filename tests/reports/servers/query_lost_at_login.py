from base import *

class Case(Base):
    """The authorization request goes through a login, which forgets it: back without any parameter."""
    def authorize(self, r):
        if "login" not in r.query and r.query:
            return 302, {"Location": self.origin + "/sign-in"}, b""
        return 302, {"Location": self.origin + "/error?error=invalid_client"}, b""

    def other(self, r):
        if r.path == "/sign-in":
            if r.method == "POST":
                return 302, {"Location": self.origin + "/authorize"}, b""
            return self.page("Welcome", '<form method="post" action="/sign-in"><button type="submit" name="go" value="1">Continue</button></form>')
        if r.path == "/error":
            return self.page("Error", "<p>invalid_client: client_id is required</p>", 400)
        return super().other(r)


main(Case)
