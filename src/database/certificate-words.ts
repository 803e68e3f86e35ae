/** What the codes of TLS say to an operator, whichever database is there: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
export const certificateWords: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted(),
  SELF_SIGNED_CERT_IN_CHAIN: untrusted(),
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted(),
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted(),
  CERT_HAS_EXPIRED: "The server's certificate has expired. Let whoever runs the database renew it",
  ERR_TLS_CERT_ALTNAME_INVALID:
    "The server's certificate is for another host. Name the host in the URL by the name that stands in the certificate",
}

function untrusted(): string {
  return "Nobody that this machine trusts has signed the server's certificate. Name the certificate of whoever did in NODE_EXTRA_CA_CERTS"
}
