#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# rollback - all or nothing: every step of a full plan made to fail, kill -9 at each, and limits
# that the kernel really refuses; afterwards the host is what it was
#
# The faults need the test build (VMCG_TEST names it): VMCG_FAULT=STEP:ERRNO, where errno 0 is
# SIGKILL. What comes after a kill is done by the program itself.

load lib

setup() {
	prepare
	SHIPPED=$VMCG
}

teardown() {
	finish
}

EBUSY=16
ENOSPC=28

# In the emulated guests a run takes ten times as long: there every step is killed once, and the
# three ways back take turns; elsewhere each way is tried after each step.
STRIDE=${VMCG_RIG_GUEST:+3}
STRIDE=${STRIDE:-1}

# A plan with every kind of step that this host knows.
full_plan() {
	limits '.
		| if ($c | index("cpu")) then .cpu += {shares: 512, quota: 50000, period: 100000} else . end
		| if ($c | index("cpuset")) then .cpu += {cpus: "0", mems: "0"} else . end
		| if ($c | index("memory")) then .memory = {limit: 268435456} else . end
		| if ($c | index("pids")) then .pids = {limit: 64} else . end
		| if ($c | index("hugetlb")) then .hugepageLimits = [{pageSize: "2MB", limit: 4194304}] else . end'
	plan "$VM"
	STEPS=$(jq '.steps | length' "$T/plan")
	[ "$STEPS" -gt 5 ]
}

limits() {
	config_json --argjson c "$(facts -c .controllers)" ".linux.resources |= ($1)"
}

# createRuntime by the test build, with a fault.
fault() {
	VMCG=$VMCG_TEST VMCG_FAULT=$1 hook createRuntime "$VM"
}

# Fail each step in turn; the errno changes nothing but the message.
fail_every_step() {
	local k before

	before=$(snapshot_host)
	for ((k = 1; k <= STEPS; k++)); do
		fault "$k:$ENOSPC"
		expect 5 "step $k: fault on purpose" "everything was undone" || fail "step $k of $STEPS"
		unchanged "$before" || fail "step $k of $STEPS was not undone"
	done
	fault "$((STEPS + 1)):$ENOSPC"
	expect 0
	poststop
	expect 0
	unchanged "$before"
}

# kill_every_step FIRST WAY...: kill at each step (of the guest's share), then take the way back.
kill_every_step() {
	local k before first=$1

	shift
	before=$(snapshot_host)
	for ((k = STRIDE > 1 ? first : 1; k <= STEPS; k += STRIDE)); do
		fault "$k:0"
		[ "$status" -eq 137 ] || fail "step $k: exit $status, not killed" "$err"
		[ "$(record .status)" = intent ] || fail "step $k: no record of the intent"
		"$@" || fail "after a kill at step $k of $STEPS"
		unchanged "$before" || fail "step $k of $STEPS was not undone"
	done
}

by_destroy() {
	vmcg destroy "$ID"
	expect 0
}

by_poststop() {
	poststop
	expect 0
}

by_next_setup() {
	hook createRuntime "$VM"
	expect 0 "half-done setup" || return
	kernel_agrees_with "$T/plan" 2 || return
	sits_in "$VM" "$CG" || return
	by_poststop
}

@test "a fault at any step is undone: a new group below new parents" {
	need_test_build
	start_vm
	CG=/$NAME/pod/vm
	full_plan
	fail_every_step
}

@test "a fault at any step is undone: a group that was there with values of its own" {
	need_test_build
	start_vm
	make_group "$CG"
	dir=$(controller_path pids) && [ ! -e "$dir/pids.max" ] || echo 99 >"$dir/pids.max"
	full_plan
	fail_every_step
}

@test "kill -9 at any step, then destroy" {
	need_test_build
	start_vm
	CG=/$NAME/pod/vm
	full_plan
	kill_every_step 1 by_destroy
}

@test "kill -9 at any step, then poststop" {
	need_test_build
	start_vm
	CG=/$NAME/pod/vm
	full_plan
	kill_every_step 2 by_poststop
}

@test "kill -9 at any step, then the next createRuntime" {
	need_test_build
	start_vm
	CG=/$NAME/pod/vm
	full_plan
	kill_every_step 3 by_next_setup
}

@test "kill -9 at any step, in a group that was there, then destroy" {
	need_test_build
	start_vm
	make_group "$CG"
	full_plan
	kill_every_step 1 by_destroy
}

@test "a half-done setup is listed as such" {
	need_test_build
	start_vm
	full_plan
	fault "$((STEPS / 2)):0"
	vmcg list
	[[ $out = *"$ID"*half-done* ]]
	by_destroy
}

# --- what the kernel refuses by itself ---

# refused WORD...: createRuntime fails half way, says why, and has undone everything.
refused() {
	local before

	before=$(snapshot_host)
	hook createRuntime "$VM"
	expect 5 "$@" "everything was undone"
	unchanged "$before"
}

@test "processors that are not there are refused before anything is touched" {
	need_controller cpuset
	start_vm
	limits '.cpu.cpus = "4095"'
	before=$(snapshot_host)
	hook createRuntime "$VM"
	expect 4 4095 /linux/resources/cpu/cpus
	one_line
	unchanged "$before"
}

@test "processors that the parent does not have" {
	need_controller cpuset
	[ "$(version_of cpuset)" = 1 ] || cannot "cgroup v2 takes any list of processors"
	[ "$(nproc)" -gt 1 ] || cannot "one processor only"
	start_vm
	make_group "/$NAME"
	echo 1 >"$(controller_path cpuset "/$NAME")/cpuset.cpus"
	config_json '.linux.cgroupsPath += "/vm" | .linux.resources.cpu.cpus = "0"'
	refused "/$NAME/vm/cpuset.cpus" /linux/resources/cpu/cpus
}

@test "a memory limit below what is used, in a group that was there" {
	need_controller memory
	[ "$(version_of memory)" = 1 ] || cannot "cgroup v2 takes a memory limit below usage"
	make_group "$CG"
	start_vm
	vm=$VM
	start_vm
	for mount in $(hierarchies); do
		echo "$VM" >"$mount$CG/cgroup.procs"
	done
	# Pages that the kernel cannot get rid of.
	[ "$(ask "alloc 64")" = "alloc 64: ok" ]
	echo 0 >"$(controller_path memory)/memory.swappiness"
	echo '{"join": true}' >"$POLICY"
	VM=$vm
	limits '.memory.limit = 16777216'
	OPTIONS=(--mode own)
	refused memory.limit_in_bytes 16777216 "memory.usage_in_bytes says" /linux/resources/memory/limit
}

@test "checkBeforeUpdate refuses before anything is touched" {
	need_controller memory
	[ "$(version_of memory)" = 2 ] || cannot "checkBeforeUpdate is cgroup v2's"
	make_group "$CG"
	start_vm
	vm=$VM
	start_vm
	echo "$VM" >"$(controller_path memory)/cgroup.procs"
	[ "$(ask "alloc 64")" = "alloc 64: ok" ]
	echo '{"join": true}' >"$POLICY"
	VM=$vm
	limits '.memory = {limit: 16777216, checkBeforeUpdate: true}'
	OPTIONS=(--mode own)
	before=$(snapshot_host)
	hook createRuntime "$VM"
	expect 4 checkBeforeUpdate
	unchanged "$before"
}

@test "a real-time runtime that the parent does not have" {
	need_controller cpu
	facts -e '.files | index("cpu.rt_runtime_us")' || cannot "no real-time group scheduling in this kernel"
	start_vm
	# The parents are made too, and have no real-time budget of their own.
	config_json '.linux.cgroupsPath += "/a/b" | .linux.resources.cpu = {realtimePeriod: 1000000, realtimeRuntime: 990000}'
	refused cpu.rt_runtime_us 990000 /linux/resources/cpu/realtimeRuntime
}

@test "a controller that this host lacks is refused before anything is touched" {
	start_vm
	if ! has_controller rdma; then
		limits '.rdma = {"mlx5_0": {hcaHandles: 3}}'
		words=(rdma /linux/resources/rdma)
	elif ! has_controller net_cls; then
		limits '.network.classID = 1048577'
		words=(classID /linux/resources/network)
	else
		cannot "every controller is on this host"
	fi
	before=$(snapshot_host)
	hook createRuntime "$VM"
	expect 4 "${words[@]}"
	one_line
	unchanged "$before"
}

@test "a block device that is not there" {
	start_vm
	limits '.blockIO.throttleReadBpsDevice = [{major: 4095, minor: 1, rate: 1048576}]'
	if has_controller blkio || has_controller io; then
		refused 4095:1 /linux/resources/blockIO/throttleReadBpsDevice
	else
		cannot "no block I/O controller on this host"
	fi
}

@test "a VM process that dies before it is placed" {
	start_vm
	config_json
	kill -KILL "$VM"
	wait_until ! kill -0 "$VM" 2>/dev/null
	before=$(snapshot_host)
	hook createRuntime "$VM"
	expect 4 "$VM"
	one_line
	unchanged "$before"
}

@test "no room for the record: nothing is touched" {
	start_vm
	config_json
	mkdir "$T/full"
	mount -t tmpfs -o size=4k,nr_inodes=4 tmpfs "$T/full" || cannot "no tmpfs can be mounted"
	dd if=/dev/zero of="$T/full/ballast" bs=4k count=1 2>/dev/null || true
	before=$(snapshot_host)
	ROOT=$T/full hook createRuntime "$VM"
	umount "$T/full"
	[ "$status" -ge 4 ]
	[[ $err = *"$T/full"* ]]
	unchanged "$before"
}
