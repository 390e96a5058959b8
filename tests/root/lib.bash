# shellcheck shell=bash disable=SC2034 # what is set here is used by the tests
# SPDX-License-Identifier: Apache-2.0
#
# lib - what the tests on real cgroups share; a test file says `load lib` and
#
#   setup() { prepare; }          a place of its own: $NAME, $CG, $ID, $T, $ROOT, $BUNDLE, $POLICY
#   teardown() { finish; }        ends what it started, and fails if anything was left
#
# Works on legacy, hybrid and unified hosts. Every cgroup made on purpose lies
# at /$NAME or below, and $NAME starts with "vmcg-".

bats_require_minimum_version 1.5.0

TOP=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
BUILD=$(realpath -m "${BUILD:-$TOP/build}")
VMCG=$(realpath -m "${VMCG:-$BUILD/vmcg}")
VMCG_TEST=$(realpath -m "${VMCG_TEST:-$BUILD/vmcg-test}")
VMPROCESS=$BUILD/root/vmprocess

# In the emulated guests of the rig a command is dear, and bats puts a dozen before each of a test's, to know where it fails. There
# the failure says so itself; what bats says of the place is the line of this then.
quicken() {
	[ "${VMCG_RIG_GUEST:-}" ] || return 0
	trap - DEBUG
	trap 'echo "failed: line $LINENO, $BASH_COMMAND (${FUNCNAME[*]:0:5})"; bats_error_trap' ERR
}

fail() {
	printf '%s\n' "$@"
	return 1
}

# This test cannot be run here: why. In CI only listed reasons are taken.
cannot() {
	if [ "${VMCG_MUST_WORK:-}" ] && ! grep -v -e '^#' -e '^$' "$TOP/tests/skips-allowed" |
		while IFS= read -r reason; do [[ $1 = *"$reason"* ]] && echo yes; done | grep -q yes; then
		fail "this reason to skip is not in tests/skips-allowed: $1"
		return
	fi
	skip "$1"
}

# --- the host ---

# Of the host facts, by a jq filter.
facts() {
	jq -r "$@" "$BATS_FILE_TMPDIR/facts"
}

# The facts that every test asks for, once a file: in the guests of the rig a process is dear.
read_facts() {
	declare -gA MOUNT=()
	HIERARCHIES=() LAYOUT='' CONTROLLERS=''
	if [ ! -s "$BATS_FILE_TMPDIR/facts.read" ]; then
		"$VMCG" host --format json >"$BATS_FILE_TMPDIR/facts"
		facts '"layout \(.layout)", "controllers \(.controllers | join(" "))",
			(.mounts | to_entries[] | "mount \(.key) \(.value)"),
			(.mounts | [.[]] | unique[] | "hierarchy \(.)")' >"$BATS_FILE_TMPDIR/facts.read"
	fi
	while read -r key first second; do
		case $key in
		layout) LAYOUT=$first ;;
		controllers) CONTROLLERS=" $first $second " ;;
		mount) MOUNT[$first]=$second ;;
		hierarchy) HIERARCHIES+=("$first") ;;
		esac
	done <"$BATS_FILE_TMPDIR/facts.read"
}

layout() {
	echo "$LAYOUT"
}

# Where a controller's hierarchy is mounted ("" is the v2 tree): empty when there is none.
controller_mount() {
	if [ "$1" ] && [ "${MOUNT[$1]:-}" ]; then
		echo "${MOUNT[$1]}"
	elif [ -z "$1" ] || [ "$1" = cgroup ] || has_controller "$1"; then
		echo "${MOUNT[unified]:-}"
	fi
}

# The directory of this test's target, or of another path, in a hierarchy.
controller_path() {
	local mount

	mount=$(controller_mount "$1")
	[ "$mount" ] || fail "no hierarchy has $1" || return
	echo "$mount${2-$CG}"
}

# What a control file of the target holds.
cgfile() {
	local dir

	dir=$(controller_path "$1") && cat "$dir/$2"
}

# The mount points of all hierarchies, each once.
hierarchies() {
	printf '%s\n' "${HIERARCHIES[@]}"
}

has_controller() {
	[[ $CONTROLLERS = *" $1 "* ]]
}

# The cgroup version that carries a controller.
version_of() {
	[ "${MOUNT[$1]:-}" ] && echo 1 || echo 2
}

need_controller() {
	has_controller "$1" || cannot "no $1 controller on this host"
}

need_kvm() {
	[ -c /dev/kvm ] || cannot "no /dev/kvm on this host"
}

need_test_build() {
	[ -x "$VMCG_TEST" ] || fail "$VMCG_TEST is not built: make build/vmcg-test"
}

# A device that no capability guards and no container has by itself: its "MAJOR MINOR".
spare_device() {
	local d

	for d in /dev/loop-control /dev/fuse /dev/hwrng; do
		if [ -c "$d" ] && true 2>/dev/null <>"$d"; then
			echo "$((0x$(stat -c %t "$d"))) $((0x$(stat -c %T "$d")))"
			return
		fi
	done
	return 1
}

# A whole block device "MAJOR:MINOR" to throttle. Loop and RAM disks count; partitions do not.
block_device() {
	local d

	for d in /sys/block/*; do
		[ -e "$d/dev" ] && cat "$d/dev" && return
	done
	return 1
}

# --- set-up and tear-down ---

prepare() {
	quicken
	[ "$(id -u)" = 0 ] || cannot "not root"
	[ -x "$VMCG" ] || fail "$VMCG is not built: make"
	[ -x "$VMPROCESS" ] || fail "$VMPROCESS is not built: make ${VMPROCESS#"$TOP/"}"
	read_facts
	NAME=vmcg-t$$-$BATS_TEST_NUMBER
	ID=$NAME
	CG=/$NAME
	T=$BATS_TEST_TMPDIR
	ROOT=$(mktemp -d "$(first_directory /dev/shm /run /tmp)/$NAME.XXXXXX")
	BUNDLE=$T/bundle
	POLICY=$T/policy.json
	OPTIONS=()
	mkdir "$BUNDLE"
	echo '{}' >"$POLICY"
	NODES=
	STARTED=()
	declare -gA VM_IN=() VM_OUT=()
}

first_directory() {
	for d; do
		[ -d "$d" ] && [ -w "$d" ] && echo "$d" && return
	done
}

# End what the test started and remove what it made; then nothing may be there that vmcg should
# have removed: that fails a test which would else have passed.
finish() {
	local left p

	[ "${ROOT:-}" ] || return 0
	left=$(leftovers)
	for p in "${STARTED[@]}"; do
		kill -KILL "$p" 2>/dev/null || true
	done
	for p in "${STARTED[@]}"; do
		wait_until ! kill -0 "$p" 2>/dev/null || left+=" process $p"
	done
	remove_groups
	rm -rf "$ROOT" ${NODES:+"$NODES"}
	[ -z "$left" ] || fail "left behind:" "$left"
}

# Cgroups of this test, wherever they lie, and what is in the run directory. A group that the
# test made itself and marks in MADE is the test's own.
leftovers() {
	local dir

	while read -r dir; do
		[[ " ${MADE[*]:-} " = *" $dir "* ]] || echo "$dir"
	done < <(groups_here)
	find "$ROOT" -mindepth 1 ! -name systemd-version 2>/dev/null
}

# Every cgroup directory whose path has this test's name in it, parents first.
groups_here() {
	find "${HIERARCHIES[@]}" -type d -path "*/$NAME*" 2>/dev/null || true
}

remove_groups() {
	local dir p

	groups_here | sort -r | while read -r dir; do
		# Only what still sits in a group of this test.
		while read -r p; do
			kill -KILL "$p" 2>/dev/null || true
		done < <(cat "$dir/cgroup.procs" 2>/dev/null)
		wait_until rmdir "$dir" 2>/dev/null || true
	done
}

# A command until it succeeds: about five seconds.
wait_until() {
	local negate='' i

	if [ "$1" = ! ]; then
		negate=1
		shift
	fi
	for ((i = 0; i < 250; i++)); do
		if "$@"; then
			[ "$negate" ] || return 0
		else
			[ ! "$negate" ] || return 0
		fi
		sleep 0.02
	done
	return 1
}

# A cgroup of the test's own, in every hierarchy or in those named; not what vmcg has to remove.
make_group() {
	local path=$1 mount dir

	shift
	for mount in $(if [ $# -gt 0 ]; then printf '%s\n' "$@"; else hierarchies; fi); do
		dir=$mount$path
		mkdir -p "$dir"
		while [ "$dir" != "$mount" ]; do
			MADE+=("$dir")
			# A v1 cpuset admits nobody before it is filled.
			dir=${dir%/*}
		done
	done
	fill_cpusets "$path"
}

fill_cpusets() {
	local mount=${MOUNT[cpuset]:-} at=

	[ "$mount" ] && [ -d "$mount$1" ] || return 0
	for part in ${1//\// }; do
		for file in cpus mems; do
			[ -n "$(cat "$mount$at/$part/cpuset.$file")" ] ||
				cat "$mount$at/cpuset.$file" >"$mount$at/$part/cpuset.$file"
		done
		at+=/$part
	done
}

# What the host looks like, as far as this test could have changed it.
snapshot_host() {
	local dir p

	echo "below $(hierarchies | xargs):"
	groups_here | while read -r dir; do
		echo "$dir: $(cat "$dir/cgroup.subtree_control" 2>/dev/null)"
		settings "$dir"
	done
	find "$ROOT" -mindepth 1
	for p in "${STARTED[@]}"; do
		if kill -0 "$p" 2>/dev/null; then
			echo "process $p"
			cat "/proc/$p/cgroup"
			grep '^Cpus_allowed:' "/proc/$p/status"
		fi
	done
}

# Every control file of a group that can be both read and set, without what the kernel counts,
# and without what reading does not tell (lists of processes, the group's own machinery). Never set
# and set to no limit at all read differently in some files and mean the same.
settings() {
	(cd "$1" && find . -maxdepth 1 -type f '(' -perm -600 -o -name devices.list ')' -printf '%f\n') |
		grep -vE '^(cgroup\..*|tasks|notify_on_release|memory\.(oom_control|reclaim)|.*(usage|pressure|\.events).*|.*\.(failcnt|stat|peak))$' |
		sort | (cd "$1" && xargs -r grep -H '' 2>/dev/null) | sed 's/9223372036854771712/max/'
}

# unchanged BEFORE: the host is as the snapshot has it.
unchanged() {
	diff <(echo "$1") <(snapshot_host) || fail "the host has changed"
}

# --- documents ---

# config_json [JQ-OPTION...] [FILTER]: a config with cgroupsPath $CG and no limits, passed through a jq filter,
# as the bundle's config.json.
config_json() {
	[ $# -gt 0 ] || set -- .
	jq -n --arg cg "$CG" "${@:1:$#-1}" \
		'{ociVersion: "1.0.2", linux: {cgroupsPath: $cg, resources: {}}} | '"${*: -1}" >"$BUNDLE/config.json"
}

# limits FILTER: the same, the filter starting at linux.resources.
limits() {
	config_json ".linux.resources |= ($1)"
}

# state_json PID [FILTER]: as runc sends it.
state_json() {
	local state

	state="{\"ociVersion\":\"1.0.2\",\"id\":\"$ID\",\"status\":\"creating\",\"pid\":$1,\"bundle\":\"$BUNDLE\"}"
	if [ "${2:-}" ]; then
		jq -c "$2" <<<"$state"
	else
		printf '%s' "$state"
	fi
}

# --- running vmcg ---

# Run it with the test's own run directory and policy: sets $status, $out and $err.
vmcg() {
	status=0
	# The shell's own word about a process that was killed is noise.
	{ "$VMCG" --root "$ROOT" --policy "$POLICY" "${OPTIONS[@]}" "$@" >"$T/out" 2>"$T/err"; } 2>/dev/null ||
		status=$?
	out=$(<"$T/out")
	err=$(<"$T/err")
}

# hook STAGE PID [OPTION...]: one stage of the container $ID.
hook() {
	local stage=$1 pid=$2

	shift 2
	vmcg "$@" "$stage" < <(state_json "$pid")
}

# The exit code, and words that standard error must have.
expect() {
	local want=$1 word

	shift
	[ "$status" -eq "$want" ] || fail "exit $status, not $want:" "$err" "$out" || return
	for word; do
		[[ $err = *"$word"* ]] || fail "standard error lacks \"$word\":" "$err" || return
	done
}

# Just one line on standard error.
one_line() {
	local lines

	mapfile lines <"$T/err"
	[ "${#lines[@]}" -eq 1 ] || fail "not one line:" "$err"
}

# The plan for the container $ID, into $T/plan.
plan() {
	state_json "$1" >"$T/state.json"
	vmcg --format json "${@:2}" plan --state "$T/state.json" --config "$BUNDLE/config.json"
	expect 0
	cp "$T/out" "$T/plan"
}

poststop() {
	vmcg poststop <<<"{\"ociVersion\":\"1.0.2\",\"id\":\"$ID\",\"status\":\"stopped\",\"bundle\":\"$BUNDLE\"}"
}

record() {
	jq -r "$@" "$ROOT/$ID.json"
}

# --- processes ---

# A VM process: its number is in $VM. More options go to vmprocess.
start_vm() {
	local in out line pid

	mkfifo "$T/in.${#STARTED[@]}" "$T/out.${#STARTED[@]}"
	exec {in}<>"$T/in.${#STARTED[@]}" {out}<>"$T/out.${#STARTED[@]}"
	"$VMPROCESS" "$@" <&"$in" >&"$out" 2>&1 3>&- &
	pid=$!
	disown "$pid"
	STARTED+=("$pid")
	VM_IN[$pid]=$in VM_OUT[$pid]=$out VM_TID=
	while read -r -t 10 -u "$out" line; do
		case $line in
		"vcpu "*) VM_TID=${line#vcpu } ;;
		"ready $pid")
			VM=$pid
			return
			;;
		esac
	done
	fail "the VM process does not get ready: ${line:-}"
}

# ask COMMAND [PID]: tell the VM process something, print its answer.
ask() {
	local pid=${2:-$VM} line

	echo "$1" >&"${VM_IN[$pid]}"
	read -r -t 20 -u "${VM_OUT[$pid]}" line || fail "no answer to \"$1\"" || return
	echo "$line"
}

# opens PATH [PID] / denied PATH [PID]: may the VM process open it?
opens() {
	[ "$(ask "open $1" "${2:-$VM}")" = "open $1: ok" ]
}

denied() {
	[ "$(ask "open $1" "${2:-$VM}")" = "open $1: Operation not permitted" ]
}

# A container's init ($INIT) with a VM process ($VM) as its child, which has no VM before `ask vm`.
start_family() {
	local in out line

	mkfifo "$T/family.in" "$T/family.out"
	exec {in}<>"$T/family.in" {out}<>"$T/family.out"
	bash -c '"$0" --late <&3 & trap "kill $!" TERM; wait' "$VMPROCESS" \
		3<&"$in" >&"$out" 2>&1 </dev/null &
	INIT=$!
	disown "$INIT"
	read -r -t 10 -u "$out" line
	VM=${line#ready }
	STARTED+=("$INIT" "$VM")
	VM_IN[$VM]=$in VM_OUT[$VM]=$out
}

# A child of the VM process; its number is in $CHILD.
fork_vm() {
	CHILD=$(ask fork "${1:-$VM}")
	STARTED+=("$CHILD")
}

# Is the process in a cgroup in every hierarchy?
sits_in() {
	local pid=$1 path=$2

	! cut -d: -f3- "/proc/$pid/cgroup" | grep -qvxF "$path" ||
		fail "process $pid is not in $path everywhere:" "$(cat "/proc/$pid/cgroup")"
}

# A place where device nodes work: prints the path of a new node.
make_node() {
	local dir

	for dir in "${NODES:-}" /tmp /var/tmp /dev; do
		[ -d "$dir" ] || continue
		if [ "$dir" != "$NODES" ]; then
			NODES=$(mktemp -d "$dir/$NAME-nodes.XXXXXX")
			if ! { mknod "$NODES/probe" c 1 3 && cat "$NODES/probe"; } 2>/dev/null; then
				rm -rf "$NODES"
				NODES=
				continue
			fi
		fi
		mknod "$NODES/$1" "${@:2}"
		NODE=$NODES/$1
		return
	done
	cannot "no device node can be made and opened"
}

# --- what the plan said against what the kernel says ---

# reads_back VALUE LIVE: is what was written what is read? Lists of devices hold a line for each;
# nothing else is forgiven but the kernel's word for "no limit".
reads_back() {
	local value=$1 live=$2 line word

	[ "$value" != "$live" ] || return 0
	case $value in
	-1 | max) [[ $live = -1 || $live = max || $live = 9223372036854771712 ]] && return ;;
	[0-9]*:[0-9]*\ *)
		line=$(grep "^${value%% *} " <<<"$live") || return 1
		for word in ${value#* }; do
			[[ " ${line#* } " = *" $word "* ]] || return 1
		done
		return 0
		;;
	+*) # subtree_control
		for word in ${value//+/}; do
			[[ " $live " = *" $word "* ]] || return 1
		done
		return 0
		;;
	esac
	return 1
}

# Every write and enable of a plan (JSON, a file) against the kernel's files.
kernel_agrees_with() {
	local controller path file value live mount n=0

	while IFS=$'\t' read -r controller path file value; do
		[ "$controller" != - ] || controller=
		mount=$(controller_mount "$controller")
		live=$(<"$mount$path/$file")
		reads_back "$value" "$live" ||
			fail "$mount$path/$file: planned \"$value\", reads \"$live\"" || return
		n=$((n + 1))
	done < <(jq -r '.steps[] | select(.op == "write" or .op == "enable") |
		[(if .controller == "" then "-" else .controller end), .path, .file, .value] | @tsv' "$1")
	[ "$n" -ge "${2:-1}" ] || fail "only $n settings were compared"
}
