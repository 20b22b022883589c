#!/bin/sh
# Makes a Redis cluster of the nodes of the StatefulSet, unless there is one. Every node must answer first.
set -eu
domain=redis.vru-detection.svc
nodes=""
for number in 0 1 2 3 4 5; do
  host="redis-$number.$domain"
  redis-cli --tls --cacert /etc/tls/ca.crt -h "$host" ping | grep -q PONG
  nodes="$nodes $host:6379"
done
if redis-cli --tls --cacert /etc/tls/ca.crt -h "redis-0.$domain" cluster info | grep -q "cluster_state:ok"; then
  echo "the cluster is there"
  exit 0
fi
# shellcheck disable=SC2086  # a list of addresses
exec redis-cli --tls --cacert /etc/tls/ca.crt --cluster create $nodes --cluster-replicas 1 --cluster-yes
