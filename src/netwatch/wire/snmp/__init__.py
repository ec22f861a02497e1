"""SNMP v1, v2c and v3 over UDP."""
