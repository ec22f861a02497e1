#!/bin/sh
# The servers that netwatch is measured beside. Installs them where it may (root on Debian or Ubuntu), and otherwise
# says which rows will be missing.
set -eu
command -v gcc >/dev/null || echo "gcc is missing: nothing can be measured (apt-get install gcc)"
command -v prometheus-snmp-exporter >/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    RUNLEVEL=1 apt-get install -y --no-install-recommends prometheus-snmp-exporter >/tmp/netwatch-peers.log 2>&1 ||
        tail -n 5 /tmp/netwatch-peers.log
fi
command -v prometheus-snmp-exporter >/dev/null ||
    echo "snmp_exporter is not measured: not installed (apt-get install prometheus-snmp-exporter)"
