from base import *

class Case(Base):
    """A refresh answers with an access token only; the old refresh token stays good."""
    def token(self, r):
        kept = self.refresh.get(r.form.get("refresh_token"))
        status, headers, body = super().token(r)
        if kept and status == 200:
            self.refresh = {r.form["refresh_token"]: kept}
            del body["refresh_token"]
        return status, headers, body


main(Case)
