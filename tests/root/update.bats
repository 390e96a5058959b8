#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# update - the limits of a running container: what is absent stays, what is refused touches
# nothing, what fails half way is taken back, and teardown goes back to before the first setup

load lib
load operate

MIB=1048576

setup() {
	prepare
}

teardown() {
	[ ! -f "${ROOT:-}/$ID.json" ] || vmcg destroy "$ID"
	finish
}

# --- what a change means ---

@test "what is absent stays; quota and period are one thing" {
	need_controller cpu
	running '.cpu = {quota: 50000, period: 100000} | .pids.limit = 50'
	change '{cpu: {quota: 80000}}'
	expect 0
	reads quota 80000 period 100000 pids 50
	change '{cpu: {period: 40000}}'
	expect 0
	reads quota 80000 period 40000 pids 50
	# Both grow so much that either of them alone, with the other's old value, would be refused or
	# be another limit.
	change '{cpu: {quota: 1000000, period: 1000000}}'
	expect 0
	reads quota 1000000 period 1000000
	change '{cpu: {quota: 1000, period: 1000}}'
	expect 0
	reads quota 1000 period 1000
	change '{cpu: {quota: -1}}'
	expect 0
	reads quota -1 period 1000 pids 50
	[ "$(record -c .resources.cpu)" = '{"quota":-1,"period":1000}' ]
	[ "$(record .resources.pids.limit)" = 50 ]
}

@test "the template of runc update asks for nothing with its zeros" {
	running '.cpu = {quota: 50000, period: 100000, cpus: "0"} | .pids.limit = 50 | .memory.limit = 268435456'
	before=$(standing)
	change '{memory: {limit: 0, reservation: 0, swap: 0, kernel: 0, kernelTCP: 0},
		cpu: {shares: 0, quota: 0, period: 0, realtimeRuntime: 0, realtimePeriod: 0, cpus: "", mems: ""},
		blockIO: {weight: 0}}'
	expect 0
	[ "$out" = "$ID: nothing to change" ] || fail "$out"
	untouched "$before"
	change '{}'
	expect 0 "asks for nothing"
	untouched "$before"
}

@test "a member that nobody knows is said, and what is known is done" {
	running '.pids.limit = 50'
	before=$(standing)
	change '{memory: {limt: 5}}'
	expect 0 "/memory/limt is not known" " limit " "asks for nothing"
	untouched "$before"
	change '{pids: {limit: 60}, memry: {limit: 5}}'
	expect 0 "/memry is not known" " memory "
	[[ $err != *"asks for nothing"* ]]
	reads pids 60
	change '{pids: {limit: 70}}'
	expect 0
	[ -z "$err" ] || fail "$err"
}

@test "memory and memory+swap are raised together, and lowered together" {
	need_controller memory
	running ".memory = {limit: $((256 * MIB)), swap: $((256 * MIB))}"
	change "{memory: {limit: $((512 * MIB)), swap: $((768 * MIB))}}"
	expect 0
	reads limit $((512 * MIB)) swap $((768 * MIB))
	change "{memory: {limit: $((64 * MIB)), swap: $((64 * MIB))}}"
	expect 0
	reads limit $((64 * MIB)) swap $((64 * MIB))
	# One alone, to where the other would not let it.
	before=$(standing)
	change "{memory: {limit: $((128 * MIB))}}"
	expect 3 /memory/swap
	untouched "$before"
	change "{memory: {limit: -1}}"
	expect 0
	reads limit -1 swap -1
}

@test "the cpuset gets wider and narrower while the VM runs in it" {
	need_controller cpuset
	[ "$(nproc)" -gt 1 ] || cannot "one processor only"
	running '.cpu.cpus = "0"'
	[ "$(ask affinity)" = 1 ]
	change '{cpu: {cpus: "0-1"}}'
	expect 0
	reads cpus 0-1
	[ "$(ask affinity)" = 2 ]
	change '{cpu: {cpus: "1"}}'
	expect 0
	reads cpus 1
	[ "$(ask affinity)" = 1 ]
	sits_in "$VM" "$CG"
}

@test "pids: a new limit really holds" {
	need_controller pids
	running '.pids.limit = 50'
	change '{pids: {limit: 2}}'
	expect 0
	reads pids 2
	# The VM has a thread or two; the next process is one too many.
	for _ in 1 2 3; do
		CHILD=$(ask fork)
		[ "$CHILD" = -1 ] || STARTED+=("$CHILD")
	done
	[ "$CHILD" = -1 ]
	change '{pids: {limit: -1}}'
	expect 0
	reads pids max
	fork_vm
	[ "$CHILD" -gt 0 ]
}

@test "throttles are merged device by device" {
	has_controller blkio || need_controller io
	mapfile -t devs < <(cat /sys/block/*/dev | head -n 2)
	[ ${#devs[@]} = 2 ] || cannot "no two block devices"
	throttle() {
		jq -nc --arg d "$1" --argjson rate "$2" '{major: ($d | split(":")[0] | tonumber),
			minor: ($d | split(":")[1] | tonumber), rate: $rate}'
	}
	if has_controller blkio; then
		io() { cgfile blkio blkio.throttle.read_bps_device; }
		line() { echo "$1 $2"; }
	else
		io() { cgfile io io.max; }
		line() { echo "$1 rbps=$2 wbps=max riops=max wiops=max"; }
	fi
	a=${devs[0]} b=${devs[1]}
	running ".blockIO.throttleReadBpsDevice = [$(throttle "$a" 1048576)]"
	[ "$(io)" = "$(line "$a" 1048576)" ]
	change "{blockIO: {throttleReadBpsDevice: [$(throttle "$b" 2097152)]}}"
	expect 0
	[ "$(io | sort)" = "$({ line "$a" 1048576; line "$b" 2097152; } | sort)" ] || fail "$(io)"
	change "{blockIO: {throttleReadBpsDevice: [$(throttle "$a" 4194304)]}}"
	expect 0
	[ "$(io | sort)" = "$({ line "$a" 4194304; line "$b" 2097152; } | sort)" ] || fail "$(io)"
	[ "$(record '.resources.blockIO.throttleReadBpsDevice | length')" = 2 ]
}

@test "huge pages and unified keys" {
	need_controller hugetlb
	[ -d /sys/kernel/mm/hugepages/hugepages-2048kB ] || cannot "no huge pages of 2 MiB"
	file=hugetlb.2MB.limit_in_bytes
	[ "$(version_of hugetlb)" = 1 ] || file=hugetlb.2MB.max
	running '.hugepageLimits = [{pageSize: "2MB", limit: 4194304}]'
	[ "$(cgfile hugetlb $file)" = 4194304 ]
	change '{hugepageLimits: [{pageSize: "2MB", limit: 8388608}]}'
	expect 0
	[ "$(cgfile hugetlb $file)" = 8388608 ]
	[ "$(version_of hugetlb)" = 2 ] || return 0
	change '{unified: {"hugetlb.2MB.max": "2097152"}}'
	expect 0
	[ "$(cgfile hugetlb hugetlb.2MB.max)" = 2097152 ]
	# The key given by name still has the last word.
	change '{hugepageLimits: [{pageSize: "2MB", limit: 16777216}]}'
	expect 0
	[ "$(cgfile hugetlb hugetlb.2MB.max)" = 2097152 ]
	change '{unified: {"hugetlb.2MB.max": "max"}}'
	expect 0
	[ "$(cgfile hugetlb hugetlb.2MB.max)" = max ]
}

# --- below what is used ---

@test "a memory limit below what is used: the kernel's refusal is explained, all is as before" {
	need_controller memory
	[ "$(version_of memory)" = 1 ] || cannot "cgroup v2 takes a memory limit below usage"
	running '.memory.limit = 268435456 | .pids.limit = 50 | .cpu.quota = 70000'
	[ "$(ask "alloc 64")" = "alloc 64: ok" ]
	for check in true false; do
		before=$(standing)
		change "{memory: {limit: $((8 * MIB)), checkBeforeUpdate: $check}, pids: {limit: 9}, cpu: {quota: 60000}}"
		expect 5 memory.limit_in_bytes $((8 * MIB)) "usage_in_bytes" /memory/limit
		used=$(sed -n 's/.*memory.usage_in_bytes says \([0-9]*\).*/\1/p' "$T/err")
		[ "$used" -gt $((64 * MIB)) ]
		untouched "$before"
	done
}

@test "a memory limit below what is used: checkBeforeUpdate refuses before anything is touched" {
	need_controller memory
	[ "$(version_of memory)" = 2 ] || cannot "checkBeforeUpdate is cgroup v2's"
	running '.memory.limit = 268435456 | .pids.limit = 50 | .cpu.quota = 70000'
	[ "$(ask "alloc 64")" = "alloc 64: ok" ]
	before=$(standing)
	change "{memory: {limit: $((8 * MIB)), checkBeforeUpdate: true}, pids: {limit: 9}, cpu: {quota: 60000}}"
	expect 4 /memory/limit $((8 * MIB)) checkBeforeUpdate
	used=$(sed -n 's/.*the group uses \([0-9]*\) bytes.*/\1/p' "$T/err")
	[ "$used" -gt $((64 * MIB)) ]
	untouched "$before"
}

@test "a limit below what is used is warned about" {
	need_controller pids
	running '.pids.limit = 50'
	fork_vm
	fork_vm
	change '{pids: {limit: 1}}'
	expect 0 "pids.max = 1 is below what is used now, pids.current = "
	reads pids 1
}

# --- refused, failed ---

@test "what is no change is refused, and nothing is touched" {
	running '.pids.limit = 50 | .cpu.quota = 70000'
	before=$(standing)
	while IFS='|' read -r document words; do
		change "$document"
		IFS=, read -r -a words <<<"$words"
		expect 3 "${words[@]}" || fail "$document"
		one_line
		[ -z "$out" ]
		untouched "$before" || fail "$document"
	done <<-'END'
		{pids: {limit: -7}}|/pids/limit
		{pids: {limit: 20}, cpu: {quota: 3}}|/cpu/quota,3
		{pids: {limit: "20"}}|/pids/limit
		{pids: {limit: 20}, cpu: {cpus: "9-3"}}|/cpu/cpus,9-3
		{pids: {limit: 20}, memory: {limit: 5}}|/memory/limit
		{pids: {limit: 20}, hugepageLimits: [{pageSize: "2/B", limit: 1}]}|/hugepageLimits
		{devices: [{allow: true, type: "c", major: 1, minor: 3, access: "q"}]}|/devices/0
		[]|object
		7|object
	END
	# A whole config in place of its linux.resources.
	vmcg update "$ID" --resources "$BUNDLE/config.json"
	expect 3 config.json "jq .linux.resources"
	vmcg update "$ID" --resources "$T/no-such-file"
	expect 3 "$T/no-such-file"
	vmcg update "$ID" --resources - </dev/null
	expect 3 "standard input"
	vmcg update "$ID" --resources - <<<'{"pids": {"limit": 20}} {"pids": {"limit": 21}}'
	expect 3 "standard input"
	untouched "$before"
}

@test "processors that this host does not have" {
	need_controller cpuset
	running '.cpu.cpus = "0" | .pids.limit = 50'
	before=$(standing)
	change '{pids: {limit: 20}, cpu: {cpus: "0,4000"}}'
	[ "$status" = 3 ] || [ "$status" = 4 ]
	expect "$status" /cpu/cpus
	untouched "$before"
}

# Every step of a change fails in turn.
fail_each_step() {
	local change=$1 least=$2 before k

	before=$(standing)
	for ((k = 1; ; k++)); do
		[ "$k" -lt 40 ] || fail "no end of steps" || return
		VMCG=$VMCG_TEST VMCG_FAULT=$k:28 change "$change"
		[ "$status" != 0 ] || break
		expect 5 "step $k: fault on purpose" "everything was undone" || return
		untouched "$before" || fail "step $k was not undone" || return
	done
	[ "$k" -gt "$least" ] || fail "only $k steps"
}

@test "a change that fails at any step leaves the values, the process and the record as they were" {
	need_test_build
	running '.pids.limit = 50 | .cpu = {quota: 70000, period: 100000, cpus: "0"}
		| .memory = {limit: 268435456, swap: 268435456}'
	fail_each_step '{pids: {limit: 20}, cpu: {quota: 30000, period: 50000, cpus: "0-1"},
		memory: {limit: 536870912, swap: 536870912}}' 5
	reads pids 20 quota 30000 period 50000 limit 536870912
}

@test "a change that fails where values have drifted goes back to what was found" {
	need_test_build
	need_controller pids
	running '.pids.limit = 50 | .cpu = {quota: 70000, period: 100000}'
	echo 33 >"$(controller_path pids)/pids.max"
	fail_each_step '{pids: {limit: 20}, cpu: {quota: 30000}}' 2
}

@test "a change that is killed at any step is finished by the next update" {
	need_test_build
	running '.pids.limit = 50 | .cpu = {quota: 70000, period: 100000}'
	for ((k = 1; ; k++)); do
		[ "$k" -lt 40 ] || fail "no end of steps"
		VMCG=$VMCG_TEST VMCG_FAULT=$k:0 change '{pids: {limit: 20}, cpu: {quota: 30000, period: 50000}}'
		[ "$status" != 0 ] || break
		[ "$status" = 137 ] || fail "exit $status" "$err"
		sits_in "$VM" "$CG"
		[ "$(record .status)" = applied ]
		[ "$(record .resources.pids.limit)" = 20 ]
		vmcg update "$ID"
		expect 0
		reads pids 20 quota 30000 period 50000
		change '{pids: {limit: 50}, cpu: {quota: 70000, period: 100000}}'
		expect 0
		reads pids 50 quota 70000 period 100000
	done
	[ "$k" -gt 3 ]
}

# --- without a file, dry, and said ---

@test "without a file what has drifted is put right, and said" {
	need_controller pids
	running '.pids.limit = 50 | .cpu = {quota: 70000, period: 100000}'
	before=$(standing)
	vmcg update "$ID"
	expect 0
	[ "$out" = "$ID: nothing to change" ] || fail "$out"
	vmcg --format json update "$ID"
	expect 0
	[ "$(jq -c . "$T/out")" = '[]' ]
	untouched "$before"

	echo 33 >"$(controller_path pids)/pids.max"
	drifted=$(standing)
	vmcg --dry-run update "$ID"
	expect 0
	[[ $out = *"pids.max: 33 -> 50"* ]] || fail "$out"
	untouched "$drifted"
	vmcg update "$ID"
	expect 0
	[[ $out = "$CG pids.max: 33 -> 50  # /linux/resources/pids/limit" ]] || fail "$out"
	untouched "$before"
}

@test "what was changed is said, as text and as JSON" {
	need_controller cpu
	running '.cpu = {quota: 50000, period: 100000} | .pids.limit = 50'
	before=$(standing)
	change '{cpu: {quota: 20000}, pids: {limit: 50}}' --dry-run --format json
	expect 0
	untouched "$before"
	cp "$T/out" "$T/dry"
	change '{cpu: {quota: 20000}, pids: {limit: 50}}' --format json
	expect 0
	diff "$T/dry" "$T/out"
	jq -e --arg cg "$CG" 'length == 1 and .[0].op == "write" and .[0].controller and .[0].path == $cg
		and (.[0].from | test("50000")) and (.[0].to | test("20000")) and .[0].why == "/linux/resources/cpu/quota"' "$T/out"
	change '{cpu: {quota: 50000}}'
	expect 0
	[ "$(wc -l <"$T/out")" = 1 ]
	[[ $out = "$CG cpu."*20000*" -> "*50000*"# /linux/resources/cpu/quota" ]] || fail "$out"
}

# --- whose container ---

@test "no such container, a VM that is gone, and one whose number another process has now" {
	vmcg update "$ID"
	expect 4 "$ID" "vmcg list"
	running '.pids.limit = 50'
	before=$(standing)
	# The number on record is another process's: its start is not the one on record.
	jq '.vm.start += 1 | if .init.pid then .init.start += 1 else . end' "$ROOT/$ID.json" >"$T/reused"
	cp "$ROOT/$ID.json" "$T/record"
	cat "$T/reused" >"$ROOT/$ID.json"
	reused=$(standing)
	change '{pids: {limit: 20}}'
	expect 4 "$VM" gone "vmcg destroy $ID"
	untouched "$reused"
	cat "$T/record" >"$ROOT/$ID.json"
	untouched "$before"

	ended "$VM"
	before=$(standing)
	change '{pids: {limit: 20}}'
	expect 4 "$VM" gone "vmcg destroy $ID"
	untouched "$before"
	vmcg destroy "$ID"
	expect 0
}

# --- the way back ---

@test "after several updates teardown takes all of it down" {
	running '.pids.limit = 50'
	for ((i = 0; i < 5; i++)); do
		change "{pids: {limit: $((20 + i))}, cpu: {quota: $((30000 + i * 1000))}, memory: {limit: $(((100 + i) * MIB))}}"
		expect 0
	done
	reads pids 24 quota 34000 limit $((104 * MIB))
	vmcg destroy "$ID"
	expect 0
	[ -z "$(groups_here)" ]
}

@test "in a group that was there, teardown puts back what was there before setup" {
	start_vm
	make_group "$CG"
	! has_controller pids || echo 99 >"$(controller_path pids)/pids.max"
	limits '.pids.limit = 50 | .cpu.shares = 512'
	before=$(snapshot_host)
	hook createRuntime "$VM"
	expect 0
	change '{pids: {limit: 20}, cpu: {shares: 700, quota: 30000, cpus: "0"}, memory: {limit: 134217728}}'
	expect 0
	change '{pids: {limit: 30}, cpu: {shares: 800, quota: 40000, period: 50000}, memory: {limit: 268435456, swap: 536870912}}'
	expect 0
	reads pids 30 quota 40000
	vmcg destroy "$ID"
	expect 0
	unchanged "$before"
}
