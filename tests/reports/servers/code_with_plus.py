from base import *

class Case(Base):
    """Codes have + and / in them, percent-encoded where they have to be."""
    def consent(self, r):
        status, headers, body = super().consent(r)
        for code in list(self.codes):
            if not code.endswith("+/="):
                self.codes[code + "+/="] = self.codes.pop(code)
                headers["Location"] = headers["Location"].replace(code, code + "%2B%2F%3D")
        return status, headers, body


main(Case)
