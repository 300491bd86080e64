from base import *

class Case(Base):
    """The token endpoint answers 201; clients that wait for 200 take it for an error."""
    def token(self, r):
        status, headers, body = super().token(r)
        return (201 if status == 200 else status), headers, body


main(Case)
