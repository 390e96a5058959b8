# shellcheck shell=bash disable=SC2034 # what is set here is used by the tests
# SPDX-License-Identifier: Apache-2.0
#
# lib - what the yard tests share; a test file says `load lib` and
#
#   setup() { prepare unified; }   a yard with that layout, and a process to be the VM
#   teardown() { finish; }         ends what it started
#
# A yard is a directory with plain directories in place of the cgroup mounts.
# Its host.json says which host it acts out; $VM and $START are a real process.

bats_require_minimum_version 1.5.0

TOP=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
VMCG=$(realpath -m "${VMCG:-$TOP/build/vmcg-test}")
CG=sys/fs/cgroup # below the yard

fail() {
	printf '%s\n' "$@"
	return 1
}

# Field 22 of /proc/PID/stat; the command's name has no blank here.
start_of() {
	local stat

	read -r -a stat <"/proc/$1/stat"
	echo "${stat[21]}"
}

# A process that sleeps; its pid in $PID.
sleeper() {
	sleep 300 3>&- &
	PID=$!
	STARTED+=("$PID")
}

prepare() {
	Y=$BATS_TEST_TMPDIR/yard R=$BATS_TEST_TMPDIR/run B=$BATS_TEST_TMPDIR/bundle
	STARTED=()
	mkdir -p "$Y" "$B"
	echo '{}' >"$BATS_TEST_TMPDIR/policy.json"
	sleeper
	VM=$PID START=$(start_of "$PID")
	ID=c1
	"yard_$1"
}

finish() {
	[ ${#STARTED[@]} -eq 0 ] || kill "${STARTED[@]}" 2>/dev/null || true
}

# --- yards ---

# The root of a hierarchy at $1: process 1 and the VM are in it.
hierarchy() {
	mkdir -p "$Y/$CG/$1"
	printf '1\n%s\n' "$VM" >"$Y/$CG/$1/cgroup.procs"
}

# host.json: layout, mounts, controllers, files, cgroups, where the VM is in each hierarchy.
host_json() {
	cat >"$Y/host.json" <<-EOF
		{"layout": "$1", "kernel": "6.1.0", "page_size": 4096, "cpus": "0-1", "mems": "0",
		 "mounts": {$2}, "controllers": [$3], "files": [$4],
		 "devices": {"/dev/kvm": {"type": "c", "major": 10, "minor": 232}},
		 "cgroups": {$5},
		 "processes": [{"pid": $VM, "start": $START, "comm": "sleep", "init": true, "cgroups": {$6}}]}
	EOF
}

# v1 hierarchies $@ as "mounts" of host.json, and their directories.
v1_mounts() {
	local c list=''

	for c; do
		hierarchy "${c#name=}"
		list+="${list:+, }\"$c\": \"/$CG/${c#name=}\""
	done
	echo 0-1 >"$Y/$CG/cpuset/cpuset.cpus"
	echo 0 >"$Y/$CG/cpuset/cpuset.mems"
	MOUNTS=$list
}

# Where the VM is: the same path in each of the hierarchies.
vm_in() {
	local c list='' path=$1

	shift
	for c; do list+="${list:+, }\"$c\": \"$path\""; done
	echo "$list"
}

V1=(cpuset cpu memory devices pids name=systemd)

yard_legacy() {
	v1_mounts "${V1[@]}"
	host_json legacy "$MOUNTS" '"cpuset", "cpu", "memory", "devices", "pids"' \
		'"memory.memsw.limit_in_bytes"' '' "$(vm_in / "${V1[@]}")"
	config '"cgroupsPath": "/vms/'"$ID"'", "resources": {
		"memory": {"limit": 536870912, "swap": 1073741824}, "pids": {"limit": 100},
		"cpu": {"shares": 512, "quota": 50000, "cpus": "0"},
		"devices": [{"allow": false, "access": "rwm"}]}'
}

yard_hybrid() {
	v1_mounts cpuset cpu memory devices
	v2_root unified hugetlb
	host_json hybrid "$MOUNTS, \"unified\": \"/$CG/unified\"" \
		'"cpuset", "cpu", "memory", "devices", "hugetlb"' '"hugetlb.2MB.max", "hugetlb.2MB.rsvd.max"' \
		'"/": {"controllers": "hugetlb", "subtree_control": ""}' \
		"$(vm_in / cpuset cpu memory devices unified)"
	config '"cgroupsPath": "/vms/'"$ID"'", "resources": {"memory": {"limit": 536870912},
		"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]}'
}

# The root of a v2 tree at $1 with the controllers that follow.
v2_root() {
	hierarchy "$1"
	echo "${*:2}" >"$Y/$CG/$1/cgroup.controllers"
	echo >"$Y/$CG/$1/cgroup.subtree_control"
}

V2=(cpuset cpu io memory pids)

yard_unified() {
	v2_root . "${V2[@]}"
	host_json unified "\"unified\": \"/$CG\"" '"cpuset", "cpu", "io", "memory", "pids"' \
		'"memory.swap.max", "io.weight"' \
		'"/": {"controllers": "'"${V2[*]}"'", "subtree_control": ""}' "$(vm_in / unified)"
	config '"cgroupsPath": "/vms/'"$ID"'", "resources": {
		"memory": {"limit": 536870912, "swap": 1073741824}, "pids": {"limit": 100},
		"cpu": {"shares": 512, "quota": 50000, "cpus": "0"},
		"blockIO": {"weight": 100, "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 1048576}]},
		"unified": {"memory.high": "400M"}}'
}

# A runtime's group /vms/c1 with the VM as the container's init, and values of the runtime.
yard_adopted() {
	local g=$Y/$CG/vms/c1

	yard_unified
	mkdir -p "$g"
	echo 1 >"$Y/$CG/cgroup.procs"
	echo "$VM" >"$g/cgroup.procs"
	echo "${V2[*]}" | tee "$Y/$CG/cgroup.subtree_control" >"$Y/$CG/vms/cgroup.subtree_control"
	echo max >"$g/memory.max"
	echo max >"$g/memory.swap.max"
	echo max >"$g/memory.high"
	echo 0 >"$g/pids.max"
	echo 'max 100000' >"$g/cpu.max"
	echo 100 >"$g/cpu.weight"
	echo default 100 >"$g/io.weight"
	echo '8:0 rbps=max wbps=max riops=max wiops=max' >"$g/io.max"
	echo >"$g/cpuset.cpus"
	echo 'c 1:3 rwm' >"$g/devices.list"
	host_json unified "\"unified\": \"/$CG\"" '"cpuset", "cpu", "io", "memory", "pids"' \
		'"memory.swap.max", "io.weight"' '
		"/": {"controllers": "'"${V2[*]}"'", "subtree_control": "'"${V2[*]}"'"},
		"/vms": {"children": 1, "type": "domain", "controllers": "'"${V2[*]}"'", "subtree_control": "'"${V2[*]}"'"},
		"/vms/c1": {"procs": 1, "type": "domain", "controllers": "'"${V2[*]}"'", "subtree_control": ""}' \
		"$(vm_in /vms/c1 unified)"
}

# --- documents ---

config() {
	echo "{\"ociVersion\": \"1.2.0\", \"linux\": {$1}}" >"$B/config.json"
}

state() {
	echo "{\"ociVersion\": \"1.2.0\", \"id\": \"$ID\", \"status\": \"creating\", \"pid\": $VM, \"bundle\": \"$B\"}"
}

# --- the program ---

vmcg() {
	"$VMCG" --yard "$Y" --root "$R" --policy "$BATS_TEST_TMPDIR/policy.json" "$@"
}

# A stage, with the state on standard input.
stage() {
	state | vmcg "$@"
}

# --- looking ---

# Directories, files and lines of the yard, sorted.
tree() {
	(cd "$Y/$CG" && find . -printf '%y %p\n' && grep -r '' .) | sort
}

# The content of a control file of the target: hierarchy, file.
value() {
	cat "$Y/$CG/$1/vms/$ID/$2"
}

expect() {
	[ "$1" = "$2" ] || fail "expected: $2" "got:      $1"
}

same_tree() {
	local now

	now=$(tree)
	[ "$now" = "$1" ] || { diff <(echo "$1") <(echo "$now"); fail "the tree is not what it was"; }
}

no_record() {
	[ ! -e "$R/$ID.json" ] || fail "a record is left: $(cat "$R/$ID.json")"
}
