#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# below - a runtime's group with another one below it, in which init is and which has the limits
# again, as crun makes it: update changes both, in the order that the kernel wants

load lib
load operate

setup() {
	prepare
	[ "$(version_of devices)" = 1 ] || cannot "no cgroup v1 hierarchy for devices is mounted"
	need_controller memory
	need_controller cpu
	make_group "/$NAME/container"
	hold_both 0-1 80000 268435456 64
	start_vm
	for mount in "${HIERARCHIES[@]}"; do
		echo "$VM" >"$mount/$NAME/container/cgroup.procs"
	done
	limits '.memory.limit = 268435456 | .cpu = {quota: 80000, period: 100000, cpus: "0-1"} | .pids.limit = 64'
}

teardown() {
	[ ! -f "${ROOT:-}/$ID.json" ] || vmcg destroy "$ID"
	finish
}

# each COMMAND CPUS QUOTA BYTES PROCESSES: command FILE VALUE for each of them, in both groups.
each() {
	local group

	for group in "/$NAME" "/$NAME/container"; do
		"$1" "$(controller_path cpuset "$group")/cpuset.cpus" "$2" &&
			"$1" "$(controller_path cpu "$group")/cpu.cfs_quota_us" "$3" &&
			"$1" "$(controller_path memory "$group")/memory.limit_in_bytes" "$4" &&
			"$1" "$(controller_path pids "$group")/pids.max" "$5" || return
	done
}

write() {
	echo "$2" >"$1"
}

holds() {
	[ "$(<"$1")" = "$2" ] || fail "$1: $(<"$1"), not $2"
}

hold_both() {
	each write "$@"
}

both_hold() {
	each holds "$@"
}

@test "the group below a runtime's goes along, lowered and raised, and goes back" {
	hook createRuntime "$VM"
	expect 0
	[ "$(record .mode)" = adopt ]
	change '{cpu: {quota: 50000, cpus: "0"}, memory: {limit: 204800000}, pids: {limit: 50}}'
	expect 0
	both_hold 0 50000 204800000 50
	change '{cpu: {quota: 90000, cpus: "0-1"}, memory: {limit: 368640000}, pids: {limit: 90}}'
	expect 0
	both_hold 0-1 90000 368640000 90
	vmcg check "$ID"
	expect 0
	vmcg destroy "$ID"
	expect 0
	both_hold 0-1 80000 268435456 64
}

@test "what the group below was not given with the target stays its own" {
	echo 7 >"$(controller_path pids "/$NAME/container")/pids.max"
	echo -1 >"$(controller_path cpu "/$NAME/container")/cpu.cfs_quota_us"
	hook createRuntime "$VM"
	expect 0
	change '{cpu: {quota: 90000}, pids: {limit: 90}}'
	expect 0
	holds "$(controller_path pids "/$NAME/container")/pids.max" 7
	holds "$(controller_path cpu "/$NAME/container")/cpu.cfs_quota_us" -1
	holds "$(controller_path cpu "/$NAME")/cpu.cfs_quota_us" 90000
}
