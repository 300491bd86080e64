from base import *

class Case(Base):
    """The runtime refuses a good token: its role lacks a permission."""
    def gate(self, r):
        refused = super().gate(r)
        if refused or r.method != "POST":
            return refused
        return 403, {"x-amzn-ErrorType": "AccessDeniedException"}, {"message": "User: arn:aws:sts::1:assumed-role/agentcore-mcp-role is not authorized to perform: bedrock-agentcore:GetWorkloadAccessTokenForJWT on resource: arn:aws:bedrock-agentcore:us-east-1:1:workload-identity-directory/default"}


main(Case)
