#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# setup - what it leaves on each layout, in which order, and what teardown leaves: nothing

load lib

teardown() { finish; }

# The rest of the lines is in the tree: "hierarchy file: line".
has() {
	local want

	for want; do
		grep -qxF -- "$want" <<<"$NOW" || fail "not in the tree: $want" "$NOW"
	done
}

set_up() {
	BEFORE=$(tree)
	stage createRuntime
	NOW=$(tree)
}

gone() {
	stage poststop
	same_tree "$BEFORE"
	no_record
}

@test "legacy: a group in every hierarchy, filled, limited, with the VM in it" {
	prepare legacy
	set_up
	for c in "${V1[@]}"; do
		has "d ./${c#name=}/vms/c1" "./${c#name=}/vms/c1/cgroup.procs:$VM"
		expect "$(<"$Y/$CG/${c#name=}/cgroup.procs")" 1
	done
	has ./cpuset/vms/cpuset.cpus:0-1 ./cpuset/vms/cpuset.mems:0 \
		./cpuset/vms/c1/cpuset.cpus:0 ./cpuset/vms/c1/cpuset.mems:0 \
		./memory/vms/c1/memory.limit_in_bytes:536870912 \
		./memory/vms/c1/memory.memsw.limit_in_bytes:1073741824 \
		./cpu/vms/c1/cpu.shares:512 ./cpu/vms/c1/cpu.cfs_quota_us:50000 \
		./pids/vms/c1/pids.max:100 './devices/vms/c1/devices.list:c 10:232 rwm'
	run ! grep -q 'devices.list:a ' <<<"$NOW"
	gone
}

@test "hybrid: v1 controllers and hugetlb on v2, each in its place" {
	prepare hybrid
	set_up
	has ./memory/vms/c1/memory.limit_in_bytes:536870912 \
		./unified/cgroup.subtree_control:hugetlb ./unified/vms/cgroup.subtree_control:hugetlb \
		./unified/vms/c1/hugetlb.2MB.max:4194304 ./unified/vms/c1/hugetlb.2MB.rsvd.max:4194304 \
		"./unified/vms/c1/cgroup.procs:$VM" "./memory/vms/c1/cgroup.procs:$VM"
	[ ! -e "$Y/$CG/unified/vms/c1/memory.max" ]
	gone
}

@test "unified: controllers handed down, limits, and unified keys last" {
	prepare unified
	set_up
	has './cgroup.subtree_control:cpuset cpu memory pids io' \
		'./vms/cgroup.subtree_control:cpuset cpu memory pids io' \
		./vms/c1/memory.max:536870912 ./vms/c1/memory.swap.max:536870912 ./vms/c1/memory.high:400M \
		'./vms/c1/cpu.max:50000 100000' ./vms/c1/cpu.weight:59 ./vms/c1/cpuset.cpus:0 \
		./vms/c1/pids.max:100 './vms/c1/io.weight:default 910' './vms/c1/io.max:8:0 rbps=1048576' \
		"./vms/c1/cgroup.procs:$VM"
	[ ! -e "$Y/$CG/vms/c1/cgroup.subtree_control" ]
	gone
}

# The steps as the plan has them are the steps that the log tells, in that order.
same_order() {
	local planned taken

	planned=$(stage plan --host "$Y/host.json" --state - --format json |
		sed -nE 's/^ *\{"op": "([a-z]*)", "controller": "([^"]*)", "path": "([^"]*)".*/\1 \2 \3/p')
	taken=$(stage createRuntime --debug 2>&1 >/dev/null |
		sed -nE 's/.*: debug: ([a-z]+ [^ ]* [^ ]+).*/\1/p')
	expect "$taken" "$planned"
	# Before a task can enter, the entry, the limits.
	grep -nE '^(devices|place)' <<<"$taken" | head -1 | grep -q devices
}

@test "legacy: steps are taken in the order of the plan" { prepare legacy; same_order; }
@test "hybrid: steps are taken in the order of the plan" { prepare hybrid; same_order; }
@test "unified: steps are taken in the order of the plan" { prepare unified; same_order; }

@test "a second call does nothing, and says so" {
	prepare unified
	set_up
	for s in createRuntime prestart; do
		run -0 stage "$s" --debug
		[[ $output = *"already set up in /vms/c1: nothing to do"* ]]
		same_tree "$NOW"
	done
	gone
}

@test "a second teardown, and one of nothing, are no failures" {
	prepare unified
	set_up
	gone
	gone
	ID=never stage poststop
}

@test "a value that was changed by hand is not taken for ours" {
	prepare adopted
	set_up
	echo 70 >"$Y/$CG/vms/c1/pids.max"
	stage poststop
	expect "$(value . pids.max)" 70
	expect "$(value . cpu.weight)" 100
}

@test "adopt: values are set in place and put back, nothing is moved or removed" {
	prepare adopted
	set_up
	has ./vms/c1/memory.max:536870912 ./vms/c1/pids.max:100 './vms/c1/devices.list:c 10:232 rwm' \
		'./vms/c1/devices.list:c 1:3 rwm' "./vms/c1/cgroup.procs:$VM" './vms/c1/io.max:8:0 rbps=1048576'
	gone
}

@test "adopt: a VM that is elsewhere joins init, and goes back" {
	prepare adopted
	sleeper
	echo "$PID" >>"$Y/$CG/cgroup.procs"
	sed -i "s/\"processes\": \[/&{\"pid\": $PID, \"start\": $(start_of "$PID"), \"comm\": \"sleep\", \"cgroups\": {\"unified\": \"\/\"}}, /" "$Y/host.json"
	BEFORE=$(tree)
	stage createRuntime --vm-pid "$PID"
	expect "$(value . cgroup.procs | xargs)" "$VM $PID"
	gone
	n=$(stage plan --host "$Y/host.json" --state - --vm-pid "$PID" --format json | grep -c '"op":')
	VMCG_FAULT=$n:28 run -5 stage createRuntime --vm-pid "$PID"
	same_tree "$BEFORE"
	no_record
}

@test "adopt: a runtime that has removed its group leaves nothing to do" {
	prepare adopted
	set_up
	rm -r "$Y/$CG/vms"
	stage poststop
	no_record
}

@test "an existing empty group is used, and left where it was" {
	prepare unified
	mkdir -p "$Y/$CG/vms/c1"
	echo >"$Y/$CG/vms/cgroup.subtree_control"
	echo max >"$Y/$CG/vms/c1/memory.max"
	: >"$Y/$CG/vms/c1/cgroup.procs"
	sed -i 's|^ "cgroups": {|&"/vms": {"children": 1, "type": "domain", "controllers": "", "subtree_control": ""}, "/vms/c1": {"type": "domain", "controllers": "", "subtree_control": ""}, |' "$Y/host.json"
	set_up
	has ./vms/c1/memory.max:536870912 "./vms/c1/cgroup.procs:$VM"
	stage poststop
	[ -d "$Y/$CG/vms/c1" ]
	expect "$(value . memory.max)" max
	expect "$(value . cgroup.procs)" ''
	grep -qx "$VM" "$Y/$CG/cgroup.procs"
}

@test "two containers share a parent; the last one takes it along" {
	prepare unified
	set_up
	sleeper
	first=$VM
	VM=$PID START=$(start_of "$PID") ID=c2
	echo "$VM" >>"$Y/$CG/cgroup.procs"
	sed -i "s/\"pid\": $first, \"start\": [0-9]*/\"pid\": $VM, \"start\": $START/" "$Y/host.json"
	sed -i s,/vms/c1,/vms/c2, "$B/config.json"
	stage createRuntime
	VM=$first ID=c1 stage poststop
	[ ! -e "$Y/$CG/vms/c1" ]
	expect "$(value . cgroup.procs)" "$VM"
	expect "$(value . memory.max)" 536870912
	expect "$(<"$Y/$CG/vms/cgroup.subtree_control")" "cpuset cpu memory pids io"
	stage poststop
	[ ! -e "$Y/$CG/vms/c2" ]
	# Made by the first, removed by the last: the mark says so, where marks can be set.
	[ ! -e "$Y/$CG/vms" ] || [ "$EUID" -ne 0 ]
}

@test "what others left in a shared parent stays" {
	prepare unified
	set_up
	mkdir "$Y/$CG/vms/other"
	stage poststop
	[ -d "$Y/$CG/vms/other" ]
	[ ! -e "$Y/$CG/vms/c1" ]
	expect "$(<"$Y/$CG/vms/cgroup.subtree_control")" "cpuset cpu memory pids io"
}

@test "processes that joined later leave with the group" {
	prepare legacy
	set_up
	sleeper
	sed -i "/^$PID$/d" "$Y/$CG/memory/cgroup.procs"
	echo "$PID" >>"$Y/$CG/memory/vms/c1/cgroup.procs"
	stage poststop
	grep -qx "$PID" "$Y/$CG/memory/cgroup.procs"
	[ ! -e "$Y/$CG/memory/vms" ]
}

@test "child groups of the target go with it" {
	prepare unified
	set_up
	mkdir -p "$Y/$CG/vms/c1/a/b" "$Y/$CG/vms/c1/c"
	sleeper
	echo "$PID" >"$Y/$CG/vms/c1/a/b/cgroup.procs"
	stage poststop
	grep -qx "$PID" "$Y/$CG/cgroup.procs"
	[ ! -e "$Y/$CG/vms" ]
}

@test "poststart places the VM that did not run yet, and undoes a move that fails" {
	prepare unified
	vm_file=$BATS_TEST_TMPDIR/vm.pid
	# The container's init starts the VM later; the VM is its child.
	bash -c 'read -r _; sleep 300 & echo $! >"$1.new"; mv "$1.new" "$1"; wait' - "$vm_file" \
		< <(while [ ! -e "$BATS_TEST_TMPDIR/go" ]; do sleep 0.05; done; echo) 3>&- &
	init=$!
	STARTED+=("$init")
	old=$VM VM=$init
	sed -i "s/\"pid\": $old, \"start\": [0-9]*/\"pid\": $VM, \"start\": $(start_of "$VM")/" "$Y/host.json"
	echo "$VM" >>"$Y/$CG/cgroup.procs"
	stage createRuntime --vm-pid-file "$vm_file"
	[ -d "$Y/$CG/vms/c1" ]
	[ ! -e "$Y/$CG/vms/c1/cgroup.procs" ]

	touch "$BATS_TEST_TMPDIR/go"
	while [ ! -e "$vm_file" ]; do sleep 0.05; done
	vm=$(<"$vm_file")
	STARTED+=("$vm")
	sed -i "s/\"processes\": \[/&{\"pid\": $vm, \"start\": $(start_of "$vm"), \"comm\": \"sleep\", \"cgroups\": {\"unified\": \"\/\"}}, /" "$Y/host.json"
	echo "$vm" >>"$Y/$CG/cgroup.procs"
	n=$(grep -o '"op"' "$R/c1.json" | wc -l)
	before=$(tree)
	VMCG_FAULT=1:28 run -5 stage poststart --vm-pid-file "$vm_file"
	same_tree "$before"
	expect "$(grep -o '"op"' "$R/c1.json" | wc -l)" "$n"
	run -0 stage poststart --dry-run --vm-pid-file "$vm_file"
	[[ $output = *"/vms/c1 cgroup.procs: / -> $vm"* ]]
	same_tree "$before"

	stage poststart --vm-pid-file "$vm_file"
	expect "$(value . cgroup.procs)" "$vm"
	grep -qx "$init" "$Y/$CG/cgroup.procs"
	stage poststop
	[ ! -e "$Y/$CG/vms" ]
	grep -qx "$vm" "$Y/$CG/cgroup.procs"
}

@test "poststart without a setup sets up; with one it is a no-op" {
	prepare unified
	BEFORE=$(tree)
	stage poststart
	NOW=$(tree)
	has ./vms/c1/memory.max:536870912 "./vms/c1/cgroup.procs:$VM"
	sed -i 's,"unified": "/"},"unified": "/vms/c1"},' "$Y/host.json"
	stage poststart
	same_tree "$NOW"
	gone
}

@test "a dry run touches nothing" {
	prepare unified
	before=$(tree)
	run -0 stage createRuntime --dry-run
	[[ $output = *"memory.max = 536870912"* ]]
	same_tree "$before"
	[ ! -e "$R" ] || [ -z "$(ls -A "$R")" ]
	set_up
	run -0 stage poststop --dry-run
	[[ $output = *"steps would be undone"* ]]
	same_tree "$NOW"
	gone
}

@test "the config may follow the state" {
	prepare unified
	BEFORE=$(tree)
	{ state; cat "$B/config.json"; } >"$BATS_TEST_TMPDIR/both"
	rm "$B/config.json"
	vmcg createRuntime <"$BATS_TEST_TMPDIR/both"
	expect "$(value . memory.max)" 536870912
	# Teardown needs neither bundle nor config.
	rm -r "$B"
	gone
}

@test "list, show and paths tell what stands" {
	prepare legacy
	set_up
	run -0 vmcg list
	[[ $output = *c1*/vms/c1* ]]
	run -0 vmcg --format json list
	expect "$(jq -r '.[0].id // .containers[0].id' <<<"$output")" c1
	run -0 vmcg show c1
	[[ $output = *memory.limit_in_bytes*536870912* && $output = *"$VM sleep"* && $output = *"c 10:232 rwm"* ]]
	run -0 vmcg --format json show c1
	expect "$(jq -r '.mode, .path, .layout, .pid' <<<"$output" | xargs)" "own /vms/c1 legacy $VM"
	run -0 vmcg paths c1
	[[ $output = *memory*"$Y/$CG/memory/vms/c1"* ]]
	for c in show paths destroy; do
		run -4 vmcg $c other
		[[ $output = *"no record of container other"* ]]
	done
	gone
	expect "$(vmcg --format json list | jq length)" 0
}
