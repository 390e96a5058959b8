#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# neighbours - what is others' stays others': processes in child groups, the group of another
# container, device rules that somebody else set, cpusets that were empty, a parent that goes

load lib

setup() {
	prepare
}

teardown() {
	finish
}

# put PID PATH: into a group in every hierarchy.
put() {
	local mount

	for mount in $(hierarchies); do
		echo "$1" >"$mount$2/cgroup.procs"
	done
}

# own_filter PATH: no longer the parent's list of v1 devices. The kernel changes the default, to
# deny or back, only while a group has no children.
own_filter() {
	[ "$(version_of devices)" = 1 ] || return 0
	echo a >"$(controller_path devices "$1")/devices.deny"
	echo 'c 1:3 rwm' >"$(controller_path devices "$1")/devices.allow"
}

# as ID COMMAND...: for another container.
as() {
	local ID=$1

	"${@:2}"
}

# --- processes ---

@test "joining a group leaves the processes of its child groups where they are" {
	start_vm
	other=$VM
	start_vm
	home=$(cat "/proc/$VM/cgroup")
	make_group "$CG"
	own_filter "$CG"
	make_group "$CG/theirs"
	put "$other" "$CG/theirs"
	config_json
	before=$(snapshot_host)
	for on_stop in move kill; do
		echo "{\"join\": true, \"on_stop\": \"$on_stop\"}" >"$POLICY"
		hook createRuntime "$VM" --mode own
		expect 0
		sits_in "$VM" "$CG"
		poststop
		expect 0
		sits_in "$other" "$CG/theirs"
		[ "$(cat "/proc/$VM/cgroup")" = "$home" ]
		unchanged "$before"
	done
}

@test "child groups that others made later in a group that was there are left alone" {
	start_vm
	other=$VM
	start_vm
	vm=$VM
	config_json
	make_group "$CG"
	own_filter "$CG"
	make_group "/$NAME-away"
	for on_stop in move kill; do
		echo "{\"on_stop\": \"$on_stop\"}" >"$POLICY"
		hook createRuntime "$vm"
		expect 0
		make_group "$CG/theirs"
		put "$other" "$CG/theirs"
		poststop
		expect 0
		sits_in "$other" "$CG/theirs"
		kill -0 "$other"
		put "$other" "/$NAME-away"
		for mount in $(hierarchies); do
			rmdir "$mount$CG/theirs"
		done
	done
}

@test "another container's group is refused until it has been taken down" {
	start_vm
	first=$VM
	limits '.pids.limit = 20'
	hook createRuntime "$first"
	expect 0
	kill -KILL "$first"
	wait_until ! kill -0 "$first" 2>/dev/null

	start_vm
	before=$(snapshot_host)
	as "$ID-b" hook createRuntime "$VM"
	expect 4 "$CG" "another container's vmcg made this cgroup" "vmcg destroy"
	one_line
	unchanged "$before"

	poststop
	expect 0
	as "$ID-b" hook createRuntime "$VM"
	expect 0
	before=$(snapshot_host)
	# A poststop may come twice, and late.
	poststop
	expect 0
	unchanged "$before"
	sits_in "$VM" "$CG"
	[ "$(cgfile pids pids.max)" = 20 ]
	as "$ID-b" poststop
	expect 0
}

@test "from another PID namespace nothing is moved, and a later destroy takes down" {
	start_vm
	config_json
	hook createRuntime "$VM"
	expect 0
	before=$(snapshot_host)
	status=0
	unshare -pf --mount-proc "$VMCG" --root "$ROOT" --policy "$POLICY" destroy "$ID" \
		>"$T/out" 2>"$T/err" || status=$?
	out=$(<"$T/out") err=$(<"$T/err")
	expect 6 "another PID namespace" "$ROOT/$ID.json"
	one_line
	unchanged "$before"
	sits_in "$VM" "$CG"
	vmcg destroy "$ID"
	expect 0
	[ -z "$(groups_here)" ]
}

# --- device rules ---

# The group of a runtime with the VM as the container's init, and its list of devices.
runtimes_group() {
	[ "$(version_of devices)" = 1 ] || cannot "no cgroup v1 hierarchy for devices is mounted"
	start_vm
	make_group "$CG"
	put "$VM" "$CG"
	LIST=$(controller_path devices)
	# Something to do, and to fail, after the devices.
	limits '.pids.limit = 20 | .cpu.shares = 512'
}

@test "adopt: an exception from default allow holds through setup, rollback and teardown" {
	need_test_build
	runtimes_group
	make_node urandom c 1 9
	echo 'c 1:9 rwm' >"$LIST/devices.deny"
	denied "$NODE"
	plan "$VM"
	[ "$(jq -r .mode "$T/plan")" = adopt ]
	steps=$(jq '.steps | length' "$T/plan")
	for ((k = 1; k <= steps + 1; k++)); do
		# Past the last step nothing fails.
		VMCG=$VMCG_TEST VMCG_FAULT=$k:28 hook createRuntime "$VM"
		expect $((k <= steps ? 5 : 0))
		denied "$NODE" || fail "step $k of $steps"
	done
	vmcg destroy "$ID"
	expect 0
	denied "$NODE"
}

@test "adopt: a rule that somebody adds later stays, and what was added for the VM goes" {
	runtimes_group
	echo a >"$LIST/devices.deny"
	echo 'c 1:3 rwm' >"$LIST/devices.allow"
	before=$(cat "$LIST/devices.list")
	hook createRuntime "$VM"
	expect 0
	grep -qx 'c 1:5 rwm' "$LIST/devices.list"
	echo 'c 4:7 rwm' >"$LIST/devices.allow"
	vmcg destroy "$ID"
	expect 0
	diff <(printf '%s\nc 4:7 rwm\n' "$before") "$LIST/devices.list"
}

# --- values ---

@test "a unified value is written although the group had it before a typed field" {
	if has_controller hugetlb && [ "$(version_of hugetlb)" = 2 ] &&
		facts -e '.files | index("hugetlb.2MB.max")'; then
		c=hugetlb knob=hugetlb.2MB.max
		filter='.hugepageLimits = [{pageSize: "2MB", limit: 4194304}]'
	elif has_controller memory && [ "$(version_of memory)" = 2 ]; then
		c=memory knob=memory.max
		filter='.memory.limit = 4194304'
	else
		cannot "no cgroup v2 tree on this host"
	fi
	# The first container hands the controller down: the group of the second has the file.
	start_vm
	config_json ".linux.cgroupsPath += \"/a\" | .linux.resources |= ($filter)"
	as "$ID-a" hook createRuntime "$VM"
	expect 0
	start_vm
	CG=/$NAME/b
	make_group "$CG"
	echo 1073741824 >"$(controller_path $c)/$knob"
	limits "$filter | .unified[\"$knob\"] = \"1073741824\""
	hook createRuntime "$VM"
	expect 0
	[ "$(cgfile $c "$knob")" = 1073741824 ]
	poststop
	expect 0
	[ "$(cgfile $c "$knob")" = 1073741824 ]
	for mount in $(hierarchies); do
		rmdir "$mount$CG"
	done
	as "$ID-a" poststop
	expect 0
}

@test "a burst that was written for a quota's sake is put back when the quota is refused" {
	need_controller cpu
	[ "$(version_of cpu)" = 1 ] || cannot "cgroup v2 takes any quota"
	facts -e '.files | index("cpu.cfs_burst_us")' || cannot "no cpu.cfs_burst_us in this kernel"
	start_vm
	CG=/$NAME/vm
	make_group "$CG"
	echo 50000 >"$(controller_path cpu "/$NAME")/cpu.cfs_quota_us"
	echo 40000 >"$(controller_path cpu)/cpu.cfs_quota_us"
	echo 2000 >"$(controller_path cpu)/cpu.cfs_burst_us"
	limits '.cpu = {quota: 90000, period: 100000, burst: 1000}'
	before=$(snapshot_host)
	hook createRuntime "$VM"
	expect 5 cpu.cfs_quota_us 90000 "everything was undone"
	unchanged "$before"
	[ "$(cgfile cpu cpu.cfs_burst_us)" = 2000 ]
}

@test "a parent's v1 cpuset that was empty is empty again, unless others rely on it" {
	need_test_build
	need_controller cpuset
	[ "$(version_of cpuset)" = 1 ] || cannot "cgroup v2 fills no cpuset"
	start_vm
	parent=$(controller_path cpuset "/$NAME")
	make_group "/$NAME"
	for file in cpus mems; do
		echo >"$parent/cpuset.$file"
	done
	CG=/$NAME/vm
	config_json
	before=$(snapshot_host)
	hook createRuntime "$VM"
	expect 0
	[ -n "$(<"$parent/cpuset.cpus")" ]
	poststop
	expect 0
	[ -z "$(<"$parent/cpuset.cpus")" ]
	[ -z "$(<"$parent/cpuset.mems")" ]
	unchanged "$before"

	# A setup that is killed has not recorded what it filled the cpuset with.
	plan "$VM"
	VMCG=$VMCG_TEST VMCG_FAULT=$(jq '.steps | length' "$T/plan"):0 hook createRuntime "$VM"
	[ "$status" -eq 137 ]
	[ -n "$(<"$parent/cpuset.cpus")" ]
	vmcg destroy "$ID"
	expect 0
	unchanged "$before"

	hook createRuntime "$VM"
	expect 0
	make_group "/$NAME/other" "${MOUNT[cpuset]}"
	poststop
	expect 0
	[ -n "$(<"$parent/cpuset.cpus")" ]
	[ -n "$(<"$parent/cpuset.mems")" ]
}

# --- parents ---

@test "a shared parent that another's teardown removes in the middle of a setup is made anew" {
	start_vm
	first=$VM
	limit='.pids.limit = 20'
	# cpu after cpuset: one name is the start of the other.
	! has_controller cpuset || limit+=' | .cpu.cpus = "0"'
	! has_controller cpu || limit+=' | .cpu.shares = 512'
	! has_controller hugetlb || limit+=' | .hugepageLimits = [{pageSize: "2MB", limit: 4194304}]'
	config_json ".linux.cgroupsPath += \"/pod/a\" | .linux.resources |= ($limit)"
	hook createRuntime "$first"
	expect 0

	start_vm
	config_json ".linux.cgroupsPath += \"/pod/b\" | .linux.resources |= ($limit)"
	b=$ID-b
	ID=$b plan "$VM"
	ID=$b state_json "$VM" >"$T/state.b"
	# It has seen the parent, and stops where it saves its intent.
	delay=${VMCG_RIG_GUEST:+9000000}
	strace -qq -o "$T/trace" -e "inject=renameat,renameat2:delay_enter=${delay:-3000000}:when=1" \
		"$VMCG" --root "$ROOT" --policy "$POLICY" createRuntime \
		<"$T/state.b" >"$T/out.b" 2>"$T/err.b" 3>&- &
	worker=$!
	wait_until test -e "$ROOT/$b.json.new"
	poststop
	expect 0
	for mount in $(hierarchies); do
		[ ! -d "$mount/$NAME" ]
	done
	[ ! -e "$ROOT/$b.json" ] || fail "the second was too fast, or the first too slow"
	wait "$worker" || fail "the second:" "$(cat "$T/err.b")"
	CG=/$NAME/pod/b
	sits_in "$VM" "$CG"
	kernel_agrees_with "$T/plan" 2
	as "$b" poststop
	expect 0
	[ -z "$(groups_here)" ]
}
