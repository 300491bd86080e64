from base import *

class Case(Base):
    """Codes are base64 with +, put into the redirect as they are: whoever reads the query takes + for a space."""
    def consent(self, r):
        status, headers, body = super().consent(r)
        for code in list(self.codes):
            if not code.startswith("q+"):
                self.codes["q+" + code] = self.codes.pop(code)
                headers["Location"] = headers["Location"].replace(code, "q+" + code)
        return status, headers, body

    def token(self, r):
        if r.form.get("grant_type") == "authorization_code" and r.form.get("code") not in self.codes:
            return self.oauth_error("invalid_grant", "invalid authorization code")
        return super().token(r)


main(Case)
