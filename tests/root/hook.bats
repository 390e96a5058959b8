#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# hook - the main job in a cgroup of our own: limits set, VM placed, devices filtered, all taken down

load lib

setup() {
	prepare
}

teardown() {
	finish
}

# A limit for every controller that is here and takes one without asking more of the host.
all_limits() {
	local dev

	dev=$(block_device) || dev=
	jq -n --argjson c "$(facts -c .controllers)" --arg dev "$dev" \
		--argjson pages "$(facts '[.files[] | select(test("^hugetlb\\.2MB")) ] | length')" '
		def has(x): $c | index(x) != null;
		def device: {major: ($dev | split(":")[0] | tonumber), minor: ($dev | split(":")[1] | tonumber)};
		{}
		| if has("cpu") then .cpu += {shares: 512, quota: 50000, period: 100000} else . end
		| if has("cpuset") then .cpu += {cpus: "0", mems: "0"} else . end
		| if has("memory") then .memory = {limit: 268435456, reservation: 134217728} else . end
		| if has("pids") then .pids = {limit: 64} else . end
		| if has("hugetlb") and $pages > 0 then .hugepageLimits = [{pageSize: "2MB", limit: 4194304}] else . end
		| if (has("blkio") or has("io")) and $dev != "" then .blockIO = {
			throttleReadBpsDevice: [device + {rate: 1048576}],
			throttleWriteIOPSDevice: [device + {rate: 100}]} else . end'
}

@test "every limit of the plan is in the kernel, and poststop leaves nothing" {
	start_vm
	limits "$(all_limits)"
	plan "$VM"
	before=$(snapshot_host)

	hook createRuntime "$VM"
	expect 0
	kernel_agrees_with "$T/plan" 4
	sits_in "$VM" "$CG"
	[ "$(record .status)" = applied ]

	poststop
	expect 0
	unchanged "$before"
}

@test "a hierarchy that carries several controllers is made once" {
	start_vm
	config_json
	plan "$VM"
	[ "$(jq '[.steps[] | select(.op == "mkdir")] | length' "$T/plan")" -eq "$(hierarchies | wc -l)" ]
	hook createRuntime "$VM"
	expect 0
	for mount in $(hierarchies); do
		[ -d "$mount$CG" ]
	done
	poststop
	expect 0
}

@test "/dev/kvm opens from inside, a device outside of the list does not" {
	need_kvm
	start_vm
	make_node kmsg c 1 11
	config_json
	opens "$NODE"
	hook createRuntime "$VM"
	expect 0
	opens /dev/kvm
	opens /dev/null
	opens /dev/zero
	denied "$NODE"
	fork_vm
	poststop
	expect 0
	opens "$NODE"
}

@test "the config's device rules hold, and the last one wins" {
	start_vm
	make_node kmsg c 1 11
	limits '.devices = [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, minor: 11, access: "rw"}]'
	hook createRuntime "$VM"
	expect 0
	opens "$NODE"
	poststop
	expect 0

	limits '.devices = [{allow: true, type: "c", major: 1, minor: 11, access: "rw"}, {allow: false, access: "rwm"}]'
	hook createRuntime "$VM"
	expect 0
	denied "$NODE"
	poststop
	expect 0
}

@test "policy denies and requires devices" {
	need_kvm
	start_vm
	config_json
	echo '{"devices": {"deny": ["/dev/kvm"]}}' >"$POLICY"
	hook createRuntime "$VM"
	expect 0
	denied /dev/kvm
	poststop
	expect 0
	echo '{"devices": {"require": ["/dev/vmcg-no-such-device"]}}' >"$POLICY"
	hook createRuntime "$VM"
	expect 4 /dev/vmcg-no-such-device
}

@test "a second createRuntime is a no-op, and so is one after prestart" {
	start_vm
	limits '.pids.limit = 20'
	hook prestart "$VM"
	expect 0
	before=$(snapshot_host)$(cat "$ROOT/$ID.json")
	hook createRuntime "$VM" --debug
	expect 0 "already set up"
	hook createRuntime "$VM"
	expect 0
	[ -z "$err" ]
	diff <(echo "$before") <(echo "$(snapshot_host)$(cat "$ROOT/$ID.json")")
	poststop
	expect 0
}

@test "another process under the same id: the former setup is taken down first" {
	start_vm
	first=$VM
	home=$(cat "/proc/$first/cgroup")
	start_vm
	config_json
	hook createRuntime "$first"
	expect 0
	hook createRuntime "$VM"
	expect 0 "former setup"
	sits_in "$VM" "$CG"
	[ "$(cat "/proc/$first/cgroup")" = "$home" ]
	[ "$(record .vm.pid)" = "$VM" ]
	poststop
	expect 0
}

@test "poststop twice, and without a record, and after the VM has died" {
	poststop
	expect 0
	start_vm
	config_json
	hook createRuntime "$VM"
	expect 0
	poststop
	expect 0
	poststop
	expect 0
	hook createRuntime "$VM"
	expect 0
	kill -KILL "$VM"
	wait_until ! kill -0 "$VM" 2>/dev/null
	rm -r "$BUNDLE"
	poststop
	expect 0
}

@test "destroy takes down; without a record it is refused" {
	start_vm
	config_json
	hook createRuntime "$VM"
	expect 0
	vmcg destroy "$ID"
	expect 0
	[ -z "$(groups_here)" ]
	vmcg destroy "$ID"
	expect 4 "no record of container $ID"
	one_line
}

@test "list, show and paths say what is there" {
	start_vm
	limits '.pids.limit = 33'
	hook createRuntime "$VM"
	expect 0

	vmcg list
	[[ $out = *"$ID"*running*cgroupfs*own*"$VM"*"$CG"* ]]
	vmcg --format json list
	jq -e --arg id "$ID" --arg cg "$CG" --argjson vm "$VM" \
		'.[] | select(.id == $id) | .path == $cg and .pid == $vm and .running and .mode == "own"' "$T/out"

	vmcg show "$ID"
	[[ $out = *"pids.max"*33*"now 33"* && $out = *"$VM vmprocess"* ]]
	vmcg --format json show "$ID"
	jq -e --argjson vm "$VM" '.running and .status == "applied"
		and (.settings[] | select(.file == "pids.max") | .set == "33" and .live == "33")
		and ([.processes[].pid] == [$vm])
		and .usage.pids.current >= 1' "$T/out"

	vmcg --format json paths "$ID"
	jq -r '.[]' "$T/out" | while read -r dir; do
		grep -qx "$VM" "$dir/cgroup.procs"
	done
	vmcg paths "$ID"
	[ "$(wc -l <"$T/out")" -eq "$(facts '.mounts | length')" ]

	kill -KILL "$VM"
	wait_until ! kill -0 "$VM" 2>/dev/null
	vmcg list
	[[ $out = *"$ID"*"VM gone"* ]]
	poststop
	expect 0
	vmcg show "$ID"
	expect 4 "no record"
	vmcg --format json list
	[ "$(jq length "$T/out")" -eq 0 ]
}

@test "an empty directory is used, left as it was, and not removed" {
	start_vm
	make_group "$CG"
	limits '.pids.limit = 20 | .cpu.shares = 512 | .memory.limit = 268435456'
	plan "$VM"
	before=$(snapshot_host)
	hook createRuntime "$VM"
	expect 0
	kernel_agrees_with "$T/plan" 3
	sits_in "$VM" "$CG"
	poststop
	expect 0
	unchanged "$before"
}

@test "a populated directory is refused with the number of its processes" {
	start_vm
	other=$VM
	start_vm
	make_group "$CG"
	for mount in $(hierarchies); do
		echo "$other" >"$mount$CG/cgroup.procs"
	done
	config_json
	before=$(snapshot_host)
	hook createRuntime "$VM"
	expect 4 "$CG" "holds 1 process" '"join": true'
	unchanged "$before"

	echo '{"join": true}' >"$POLICY"
	hook createRuntime "$VM"
	expect 4 "--mode own"
	hook createRuntime "$VM" --mode own
	expect 0
	sits_in "$VM" "$CG"
	poststop
	expect 0
	sits_in "$other" "$CG"
	unchanged "$before"
}

@test "shared parents are removed by the last of two containers" {
	start_vm
	first=$VM
	config_json '.linux.cgroupsPath += "/pod/a"'
	hook createRuntime "$first"
	expect 0
	start_vm
	CG=$CG/pod/b
	config_json
	ID=$ID-b
	hook createRuntime "$VM"
	expect 0
	sits_in "$first" "/$NAME/pod/a"
	sits_in "$VM" "/$NAME/pod/b"

	ID=$NAME
	poststop
	expect 0
	for mount in $(hierarchies); do
		[ ! -d "$mount/$NAME/pod/a" ]
		[ -d "$mount/$NAME/pod/b" ]
	done
	ID=$NAME-b
	poststop
	expect 0
	[ -z "$(groups_here)" ]
}

@test "controllers enabled on the way are disabled again" {
	[ "$(controller_mount '')" ] || cannot "no cgroup v2 tree on this host"
	start_vm
	make_group "/$NAME" "$(controller_mount '')"
	for c in $(cat "$(controller_mount '')/$NAME/cgroup.controllers"); do
		case $c in
		pids | hugetlb) have=$c ;;
		esac
	done
	[ "${have:-}" ] || cannot "the v2 root hands down neither pids nor hugetlb"
	CG=/$NAME/vm
	case $have in
	pids) limits '.pids.limit = 20' ;;
	hugetlb) limits '.hugepageLimits = [{pageSize: "2MB", limit: 4194304}]' ;;
	esac
	before=$(snapshot_host)
	hook createRuntime "$VM"
	expect 0
	grep -qw "$have" "$(controller_mount '')/$NAME/cgroup.subtree_control"
	poststop
	expect 0
	unchanged "$before"
}

@test "what the VM has forked is drained to where the VM came from" {
	start_vm
	home=$(cat "/proc/$VM/cgroup")
	config_json
	hook createRuntime "$VM"
	expect 0
	fork_vm
	sits_in "$CHILD" "$CG"
	poststop
	expect 0
	[ "$(cat "/proc/$VM/cgroup")" = "$home" ]
	[ "$(cat "/proc/$CHILD/cgroup")" = "$home" ]
}

@test "on_stop kill ends what is left instead of moving it" {
	start_vm
	config_json
	echo '{"on_stop": "kill"}' >"$POLICY"
	hook createRuntime "$VM"
	expect 0
	fork_vm
	poststop
	expect 0
	wait_until ! kill -0 "$VM" 2>/dev/null
	wait_until ! kill -0 "$CHILD" 2>/dev/null
}

@test "cgroupsPath: relative, with dots, with a colon" {
	start_vm
	while read -r path want; do
		echo "$path -> $want"
		config_json --arg p "$path" '.linux.cgroupsPath = $p'
		hook createRuntime "$VM"
		expect 0
		sits_in "$VM" "$want"
		poststop
		expect 0
		[ -z "$(groups_here)" ]
	done <<-END
		$NAME/relative /$NAME/relative
		../../$NAME/up /$NAME/up
		/x/../../$NAME/./a//b/ /$NAME/a/b
		/$NAME/a:b /$NAME/a:b
		/$NAME:two:three /$NAME:two:three
	END
}

@test "--vm-pid places that process and leaves the container's init alone" {
	start_vm
	init=$VM
	home=$(cat "/proc/$init/cgroup")
	start_vm
	config_json
	hook createRuntime "$init" --vm-pid "$VM"
	expect 0
	sits_in "$VM" "$CG"
	[ "$(cat "/proc/$init/cgroup")" = "$home" ]
	poststop
	expect 0
}

@test "--vm-pid-file: a process of the container is taken, a foreign one refused" {
	start_vm
	foreign=$VM
	start_vm
	init=$VM
	# In a group of its own: what shares a group with init is the container's.
	make_group "/$NAME-init"
	for mount in $(hierarchies); do
		echo "$init" >"$mount/$NAME-init/cgroup.procs"
	done
	fork_vm
	for mount in $(hierarchies); do
		echo "$CHILD" >"$mount/cgroup.procs"
	done
	config_json

	before=$(snapshot_host)
	echo "$foreign" >"$T/pid"
	hook createRuntime "$init" --vm-pid-file "$T/pid"
	expect 4 "$T/pid" "process $foreign does not belong to the container"
	one_line
	unchanged "$before"

	echo "$CHILD" >"$T/pid"
	hook createRuntime "$init" --vm-pid-file "$T/pid"
	expect 0
	sits_in "$CHILD" "$CG"
	sits_in "$init" "/$NAME-init"
	poststop
	expect 0
	unchanged "$before"
}

@test "--vm-pid-file: a process that shares but one of init's groups is foreign" {
	start_vm
	foreign=$VM
	start_vm
	make_group "/$NAME-init"
	mounts=$(hierarchies)
	[ "$(wc -l <<<"$mounts")" -gt 1 ] || cannot "one hierarchy only"
	for mount in $mounts; do
		echo "$VM" >"$mount/$NAME-init/cgroup.procs"
	done
	echo "$foreign" >"${mounts%%$'\n'*}/$NAME-init/cgroup.procs"
	config_json
	before=$(snapshot_host)
	echo "$foreign" >"$T/pid"
	hook createRuntime "$VM" --vm-pid-file "$T/pid"
	expect 4 "process $foreign does not belong to the container"
	unchanged "$before"
}

@test "--vm-pid-file: a file that holds no process number is not shown" {
	start_vm
	config_json
	echo "root:\$6\$salt\$hash:19000:0:99999:7:::" >"$T/shadow"
	hook createRuntime "$VM" --vm-pid-file "$T/shadow"
	expect 3 "$T/shadow" "does not hold a process number"
	one_line
	[[ $err != *root:* && $err != *salt* ]]
}

@test "a state without a process: the caller names the VM, and the second call is a no-op" {
	start_vm
	limits '.pids.limit = 20'
	echo "$VM" >"$T/pid"
	for option in "--vm-pid=$VM" "--vm-pid-file=$T/pid"; do
		vmcg "$option" prestart < <(state_json "$VM" 'del(.pid)')
		expect 0
		sits_in "$VM" "$CG"
		before=$(snapshot_host)$(cat "$ROOT/$ID.json")
		vmcg "$option" --debug createRuntime < <(state_json "$VM" 'del(.pid)')
		expect 0 "already set up"
		diff <(echo "$before") <(echo "$(snapshot_host)$(cat "$ROOT/$ID.json")")
		poststop
		expect 0
	done
}

@test "a process whose name is no text" {
	start_vm
	[ "$(ask $'name a\xff\xfeb')" = "name: ok" ]
	config_json
	hook createRuntime "$VM"
	expect 0
	[ "$(record .vm.comm)" = 'a??b' ]
	vmcg show "$ID"
	expect 0
	vmcg list
	[[ $out = *"$ID"*running* ]]
	poststop
	expect 0
	[ -z "$(groups_here)" ]
}

@test "--vm-pid-file: not there at createRuntime, placed at poststart" {
	start_family
	config_json
	home=$(cat "/proc/$VM/cgroup")
	hook createRuntime "$INIT" --vm-pid-file "$T/pid" --debug
	expect 0 "left to poststart"
	[ "$(cat "/proc/$VM/cgroup")" = "$home" ]
	vmcg list
	[[ $out = *"no VM yet"* ]]
	echo "$VM" >"$T/pid"
	hook poststart "$INIT" --vm-pid-file "$T/pid"
	expect 0
	sits_in "$VM" "$CG"
	poststop
	expect 0
	[ "$(cat "/proc/$VM/cgroup")" = "$home" ]
}

@test "the annotation names a pid file where policy allows it, and is ignored elsewhere" {
	start_family
	echo "$VM" >"$T/pid"
	config_json --arg f "$T/pid" '.annotations = {"io.vmcg.vm-pid-file": $f}'
	echo '{"annotations": ["io.vmcg.vm-pid-file"]}' >"$POLICY"
	hook createRuntime "$INIT"
	expect 0
	sits_in "$VM" "$CG"
	poststop
	expect 0

	echo '{}' >"$POLICY"
	hook createRuntime "$INIT"
	expect 0 "annotation io.vmcg.vm-pid-file is not allowed by the policy"
	sits_in "$INIT" "$CG"
	[ "$(record .vm.pid)" = "$INIT" ]
	poststop
	expect 0
}

@test "the annotation: what shares init's group is the VM where that is the container's own" {
	start_vm
	init=$VM
	start_vm
	beside=$VM
	config_json --arg f "$T/pid" '.annotations = {"io.vmcg.vm-pid-file": $f}'
	echo '{"annotations": ["io.vmcg.vm-pid-file"]}' >"$POLICY"
	echo "$beside" >"$T/pid"
	# All three in one group, as in a shim's service: it may be anything that runs there.
	before=$(snapshot_host)
	hook createRuntime "$init"
	expect 4 "process $beside does not belong to the container"
	unchanged "$before"

	make_group "/$NAME-init"
	for mount in $(hierarchies); do
		echo "$init" >"$mount/$NAME-init/cgroup.procs"
		echo "$beside" >"$mount/$NAME-init/cgroup.procs"
	done
	hook createRuntime "$init"
	expect 0
	sits_in "$beside" "$CG"
	poststop
	expect 0
	sits_in "$beside" "/$NAME-init"
}

@test "a thread of the kernel and the first process of all are no VM" {
	config_json
	if [ "$(cat /proc/2/comm 2>/dev/null)" = kthreadd ]; then
		hook createRuntime 2 --dry-run
		expect 4 "process 2 (kthreadd) is a thread of the kernel" "(state:/pid)"
		hook createRuntime 0 --vm-pid 2 --dry-run
		expect 4 "process 2 (kthreadd) is a thread of the kernel" "(option:--vm-pid)"
	fi
	# Never tried on the host's own: of a namespace it is a shell that ends with the test.
	for case in "1" "0 --vm-pid=1"; do
		read -r -a words <<<"$case"
		state_json "${words[0]}" >"$T/state"
		status=0
		unshare --pid --fork --mount-proc bash -c '"$0" "$@"; exit $?' "$VMCG" --root "$ROOT" \
			--policy "$POLICY" --dry-run "${words[@]:1}" createRuntime \
			<"$T/state" >"$T/out" 2>"$T/err" || status=$?
		err=$(<"$T/err")
		expect 4 "process 1 (bash) is the host's init"
	done
	[ -z "$(groups_here)" ]
}

@test "poststart finds the VM that did not run at createRuntime" {
	need_kvm
	start_family
	home=$(cat "/proc/$VM/cgroup")
	config_json
	hook createRuntime "$INIT"
	expect 0
	[ "$(record .vm.pid)" = "$INIT" ]
	[ "$(cat "/proc/$VM/cgroup")" = "$home" ]
	[[ $(ask vm) = "vcpu "* ]]
	hook poststart "$INIT" --debug
	expect 0 "VM process $VM (vmprocess) placed in $CG"
	sits_in "$VM" "$CG"
	hook poststart "$INIT"
	expect 0
	poststop
	expect 0
	[ "$(cat "/proc/$VM/cgroup")" = "$home" ]
	[ "$(cat "/proc/$INIT/cgroup")" = "$home" ]
}

@test "createRuntime finds the VM among init's descendants" {
	need_kvm
	start_family
	[[ $(ask vm) = "vcpu "* ]]
	config_json
	hook createRuntime "$INIT"
	expect 0
	[ "$(record .vm.pid)" = "$VM" ]
	sits_in "$VM" "$CG"
	poststop
	expect 0
}

@test "the number of a thread stands for its process" {
	need_kvm
	start_vm
	config_json
	hook createRuntime "$VM_TID"
	expect 0
	sits_in "$VM" "$CG"
	[ "$(record .vm.pid)" = "$VM" ]
	poststop
	expect 0
}

@test "unified: taken on cgroup v2, refused for v1 controllers" {
	start_vm
	if [ "$(version_of memory)" = 2 ]; then
		limits '.unified = {"memory.high": "1073741824", "memory.low": "4096"}'
		plan "$VM"
		hook createRuntime "$VM"
		expect 0
		kernel_agrees_with "$T/plan" 2
		[ "$(cgfile memory memory.high)" = 1073741824 ]
		poststop
		expect 0
	else
		limits '.unified = {"memory.high": "1073741824"}'
		before=$(snapshot_host)
		hook createRuntime "$VM"
		expect 4 /linux/resources/unified memory.high
		one_line
		unchanged "$before"
	fi
}

@test "hugepage limits, with their reservations" {
	need_controller hugetlb
	start_vm
	limits '.hugepageLimits = [{pageSize: "2MB", limit: 4194304}]'
	hook createRuntime "$VM"
	expect 0
	if [ "$(version_of hugetlb)" = 1 ]; then
		[ "$(cgfile hugetlb hugetlb.2MB.limit_in_bytes)" = 4194304 ]
		[ "$(cgfile hugetlb hugetlb.2MB.rsvd.limit_in_bytes)" = 4194304 ]
	else
		[ "$(cgfile hugetlb hugetlb.2MB.max)" = 4194304 ]
		[ "$(cgfile hugetlb hugetlb.2MB.rsvd.max)" = 4194304 ]
	fi
	poststop
	expect 0
}

@test "block I/O throttles on a device of this host" {
	dev=$(block_device) || cannot "no block device on this host"
	start_vm
	limits "$(jq -n --arg d "$dev" '{blockIO: {throttleReadBpsDevice: [{major: ($d | split(":")[0] | tonumber),
		minor: ($d | split(":")[1] | tonumber), rate: 2097152}]}}')"
	hook createRuntime "$VM"
	expect 0
	if [ "$(version_of blkio)" = 1 ]; then
		[ "$(cgfile blkio blkio.throttle.read_bps_device)" = "$dev 2097152" ]
	else
		[[ $(cgfile io io.max) = "$dev rbps=2097152 "* ]]
	fi
	poststop
	expect 0
}

@test "cpu.idle and cpu burst" {
	need_controller cpu
	facts -e '.files | index("cpu.idle")' || cannot "no cpu.idle in this kernel"
	start_vm
	limits '.cpu = {idle: 1}'
	hook createRuntime "$VM"
	expect 0
	[ "$(cgfile cpu cpu.idle)" = 1 ]
	poststop
	expect 0
	limits '.cpu = {quota: 50000, period: 100000, burst: 20000}'
	hook createRuntime "$VM"
	expect 0
	if [ "$(version_of cpu)" = 1 ]; then
		[ "$(cgfile cpu cpu.cfs_burst_us)" = 20000 ]
	else
		[ "$(cgfile cpu cpu.max.burst)" = 20000 ]
	fi
	poststop
	expect 0
}

@test "the limit on processes is the kernel's" {
	need_controller pids
	start_vm
	used=$(find "/proc/$VM/task" -mindepth 1 -maxdepth 1 | wc -l)
	limits ".pids.limit = $((used + 1))"
	hook createRuntime "$VM"
	expect 0
	fork_vm
	[ "$CHILD" -gt 0 ]
	[ "$(ask fork)" = -1 ]
	poststop
	expect 0
}

@test "a cpuset undoes an affinity that the process had before" {
	need_controller cpuset
	[ "$(nproc)" -gt 1 ] || cannot "one processor only"
	start_vm
	taskset -p 1 "$VM"
	[ "$(ask affinity)" = 1 ]
	limits '.cpu.cpus = "0-1"'
	hook createRuntime "$VM"
	expect 0
	[ "$(ask affinity)" = 2 ]
	poststop
	expect 0
}

@test "without cgroupsPath the VM gets /vmcg/ID" {
	start_vm
	config_json 'del(.linux.cgroupsPath)'
	hook createRuntime "$VM" --mode own
	expect 0
	sits_in "$VM" "/vmcg/$ID"
	poststop
	expect 0
}

@test "the config may follow the state on standard input" {
	start_vm
	limits '.pids.limit = 21'
	vmcg createRuntime < <(state_json "$VM" 'del(.bundle)'; cat "$BUNDLE/config.json")
	expect 0
	[ "$(cgfile pids pids.max)" = 21 ]
	poststop
	expect 0
}

@test "setups of different containers at the same time do not disturb each other" {
	local vms=() id=$ID i
	for i in 1 2 3 4; do
		start_vm
		vms+=("$VM")
	done
	limits '.pids.limit = 20'
	for i in 0 1 2 3; do
		ID=$id-$i
		jq --arg p "/$NAME/shared/$i" '.linux.cgroupsPath = $p' "$BUNDLE/config.json" >"$T/config.$i"
		{ state_json "${vms[i]}" 'del(.bundle)'; cat "$T/config.$i"; } >"$T/input.$i"
	done
	for round in 1 2 3 4 5; do
		workers=()
		for i in 0 1 2 3; do
			( "$VMCG" --root "$ROOT" --policy "$POLICY" createRuntime <"$T/input.$i" &&
				"$VMCG" --root "$ROOT" --policy "$POLICY" poststop <"$T/input.$i" ) \
				2>"$T/err.$i" 3>&- &
			workers+=("$!")
		done
		for i in 0 1 2 3; do
			wait "${workers[i]}" || fail "round $round:" "$(cat "$T/err.$i")"
		done
		[ -z "$(groups_here)" ]
	done
}
