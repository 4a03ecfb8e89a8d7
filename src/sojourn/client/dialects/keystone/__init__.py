"""OpenStack's Keystone: sign-in by API v3, the catalog, and a Session that its client libraries take
for keystoneauth's. Sessions and `client.loading` stand above it; below it are renewal, the catalog and
`wire.keystone`."""
