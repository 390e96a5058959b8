# shellcheck shell=bash disable=SC2034,SC2154 # what is set here is used by the tests, and the other way round
# SPDX-License-Identifier: Apache-2.0
#
# operate - a VM that runs, in a group of vmcg's own or in a container of somebody else's, and what
# can be asked of it: its limits, its unit, its devices
#
# begin CALLER MANAGER sets one up (see matrix). Its config allows one device of its own,
# /dev/loop-control; /dev/fuse is the one that is plugged in later, and /dev/loop0 is never allowed.

load matrix
load ../../root/operate

# limits: bytes, quota of 100000, processes; the start is between the two
START=(268435456 80000 64)
MORE=(335544320 150000 100)
LESS=(201326592 50000 32)

# --- set-up ---

begin() {
	place "$1" "$2"
	ROOTFS=$NODES/rootfs
	make_operated_nodes
	case $CALLER in
	own)
		RUNTIME=runc make_bundle
		allow_loop_control
		start_vm
		HOME_GROUPS=$(<"/proc/$VM/cgroup")
		hook createRuntime "$VM"
		expect 0 || return
		INIT=$VM
		;;
	podman-*)
		make_rootfs
		make_hooks_dir
		DEVICES+=(--device /dev/loop-control)
		start_container || return
		;;
	*)
		make_rootfs
		make_bundle
		allow_loop_control
		start_container || return
		;;
	esac
	show_agrees
}

allow_loop_control() {
	jq '.linux.resources.devices += [{allow: true, type: "c", major: 10, minor: 237, access: "rwm"}]' \
		"$BUNDLE/config.json" >"$T/config.json"
	mv "$T/config.json" "$BUNDLE/config.json"
}

make_operated_nodes() {
	mknod "$ROOTFS/nodes/fuse" c 10 229
	mknod "$ROOTFS/nodes/loop0" b 7 0
	if [ ! -c /dev/fuse ] || [ ! -b /dev/loop0 ]; then
		fail "no /dev/fuse, or no /dev/loop0"
	fi
}

# crun takes no hybrid host at all, and then neither does podman with it.
need_crun() {
	[ "$LAYOUT" != hybrid ] || cannot "crun refuses hybrid hosts"
}

# What this layout's podman works with.
podmans_runtime() {
	[ "$LAYOUT" = hybrid ] && echo runc || echo crun
}

# --- what has to hold ---

# opened WORD NODE...: what init is told when it opens each of these: "ok" or "no".
opened() {
	local want=$1 no='Operation not permitted' got='' node

	shift
	if [ "$CALLER" = own ]; then
		for node; do
			got+="$(ask "open /dev/$node");"
		done
		got=${got//open \/dev\//}
	else
		got=$(in_container "$@") || return
	fi
	for node; do
		[ "$want" = ok ] || want=$no
		[[ ";$got" = *";$node: $want;"* ]] || fail "line ${BASH_LINENO[0]}: $node is not \"$want\": $got" || return
	done
}

# limits_are BYTES QUOTA PROCESSES: the kernel, the unit and the record, all of one mind.
limits_are() {
	kernel_has "$@" || return
	[ "$MANAGER" = cgroupfs ] || unit_has "$@" || return
	record_has "$@"
}

kernel_has() {
	file_is memory "$(memory_file)" "$1" || return
	if [ "$(version_of memory)" = 2 ]; then
		file_is memory memory.swap.max 0
	else
		file_is memory memory.memsw.limit_in_bytes "$1"
	fi || return
	if [ "$(version_of cpu)" = 2 ]; then
		file_is cpu cpu.max "$2 100000"
	else
		file_is cpu cpu.cfs_quota_us "$2" && file_is cpu cpu.cfs_period_us 100000
	fi || return
	file_is pids pids.max "$3" && file_is cpuset cpuset.cpus 0
}

# Quota as systemctl shows it.
quota_time() {
	case $1 in
	150000) echo 1.500000s ;;
	*) echo "$(($1 / 100))ms" ;;
	esac
}

unit_has() {
	local got want

	want="$(memory_property)=$1
CPUQuotaPerSecUSec=$(quota_time "$2")
TasksMax=$3"
	got=$(systemctl show -p "$(memory_property),CPUQuotaPerSecUSec,TasksMax" "$UNIT" | sort)
	[ "$got" = "$(sort <<<"$want")" ] || fail "$UNIT:" "$got" "instead of" "$want"
}

record_has() {
	local got

	got=$(record '.resources | "\(.memory.limit) \(.cpu.quota) \(.pids.limit)"')
	[ "$got" = "$*" ] || fail "the record says $got, not $*"
}

# A group that the runtime has made below its scope, with the same limits, has gone along: the narrowest counts.
below_has() {
	local below at=$TARGET

	for below in "$(controller_path memory "$TARGET")"/*/; do
		[ -d "$below" ] || continue
		below=$(basename "$below")
		TARGET=$at/$below kernel_has "$@" || return
	done
}

check_is_clean() {
	vmcg --format json check "$ID"
	expect 0 || return
	jq -e --arg id "$ID" '.id == $id and .drift == []' "$T/out" >/dev/null || fail "$out"
}

# check_names WHAT WHERE [LIVE]: check finds a difference of this kind at a place that ends so.
check_names() {
	vmcg --format json check "$ID"
	expect 7 "vmcg update $ID" || return
	jq -e --arg what "$1" --arg where "$2" --arg live "${3:-}" \
		'any(.drift[]; .what == $what and (.where | endswith($where)) and ($live == "" or .live == $live))' \
		"$T/out" >/dev/null || fail "check does not name $1 $2 ${3:-}:" "$out" || return
	vmcg check "$ID"
	expect 7 difference || return
	[[ $out = *"${2##*/}"* ]] || fail "the table does not name $2:" "$out"
}

# --- what is done ---

# resources BYTES QUOTA PROCESSES
resources() {
	echo "{\"memory\": {\"limit\": $1, \"swap\": $1}, \"cpu\": {\"quota\": $2}, \"pids\": {\"limit\": $3}}"
}

# update_to BYTES QUOTA PROCESSES [OPTION...]
update_to() {
	vmcg "${@:4}" update "$ID" --resources - < <(resources "$1" "$2" "$3")
	expect 0 || return
	# What a runtime keeps to itself vmcg may have to warn of; of its own scope there is nothing to say.
	[ "$CALLER" != own ] || [ ! "$err" ] || fail "$err" || return
	if [[ " ${*:4} " = *" json "* ]]; then
		jq -e --arg to "$3" 'any(.[]; (.file == "pids.max" or .file == "TasksMax") and (.to | tostring) == $to)' \
			"$T/out" >/dev/null || fail "the report lacks $3:" "$out"
	else
		grep -qE "(pids.max|TasksMax): .*-> $3 " "$T/out" || fail "the report lacks $3:" "$out"
	fi
}

reload() {
	[ "$MANAGER" = cgroupfs ] || systemctl daemon-reload
}

# reload_keeps NODE...: what opens before a reload opens after it. Where the runtime has its own program decide then, check has
# a row for it, and update allows the devices again.
reload_keeps() {
	reload
	if [ "$(takes_devices_away reload)" ]; then
		opened no "$@" || return
		vmcg --format json check "$ID"
		echo "# $CALLER $MANAGER: after a reload, check: $status: $(jq -c '[.drift[] | "\(.what) \(.where) \(.recorded) \(.live)"]' "$T/out")" >&3
		vmcg update "$ID"
		echo "# update: $status: $err" >&3
		bpftool cgroup show "$(controller_path '' "$TARGET")" >&3
	fi
	opened ok "$@"
}

# A limit that somebody else changes, in the way that is his.
set_by_hand() {
	if [ "$MANAGER" = systemd ]; then
		systemctl set-property --runtime "$UNIT" "$(memory_property)=$1"
	else
		echo "$1" >"$(controller_path memory "$TARGET")/$(memory_file)"
	fi
}

# --- processes beside the VM ---

# A daemon that serves the VM: started by hand ($HELPER), and by systemd as a service ($SERVICE, $SERVED).
start_helpers() {
	sleep 10000 3>&- &
	HELPER=$!
	disown "$HELPER"
	STARTED+=("$HELPER")
	HELPER_HOME=$(<"/proc/$HELPER/cgroup")
	SERVICE=vmcg-helper-$$-$BATS_TEST_NUMBER.service
	systemd-run --quiet --collect --unit="$SERVICE" sleep 10000
	SERVED=$(systemctl show --value -p MainPID "$SERVICE")
	STARTED+=("$SERVED")
	# It becomes the command only then.
	wait_until grep -qsx sleep "/proc/$SERVED/comm" || fail "$SERVICE does not start" || return
	SERVED_HOME=$(<"/proc/$SERVED/cgroup")
}

# never_refused: the opener has opened its node often, and always could.
never_refused() {
	local says opened

	says=$(opener_says)
	echo "# $CALLER $MANAGER: $CHANGED changes, $says" >&3
	[[ $says = "opened "*" denied 0 failed 0" ]] || fail "$says" || return
	opened=${says#opened }
	[ "${opened%% *}" -gt "$CHANGED" ] || fail "it was hardly at it: $says"
}

# plug_often COUNT SECONDS: device add and remove in turn, COUNT changes or as many as fit.
plug_often() {
	local end=$((SECONDS + $2)) verb

	CHANGED=0
	while [ "$CHANGED" -lt "$1" ] && [ "$SECONDS" -lt "$end" ]; do
		for verb in add remove; do
			"$VMCG" --root "$ROOT" --policy "$POLICY" device "$verb" "$ID" /dev/fuse >"$T/out" 2>"$T/err" ||
				fail "device $verb, after $CHANGED changes:" "$(<"$T/err")" || return
			CHANGED=$((CHANGED + 1))
		done
	done
}

# Where the container would be frozen, on cgroup v1; nothing: nowhere.
freezer_file() {
	[ ! "${MOUNT[freezer]:-}" ] ||
		echo "${MOUNT[freezer]}$(sed -nE 's/^[0-9]+:([^:]*,)?freezer(,[^:]*)?://p' "/proc/$INIT/cgroup")/freezer.state"
}

is_thawed() {
	local file

	file=$(freezer_file)
	[ ! "$file" ] || [ "$(<"$file")" = THAWED ] || fail "$file: $(<"$file")"
}

is_frozen() {
	local file

	file=$(freezer_file)
	[ "$(<"$file")" != THAWED ] || fail "$file: THAWED"
}

# Whatever a failed test has left.
thaw() {
	local file

	file=$([ ! "${INIT:-}" ] || freezer_file 2>/dev/null)
	[ ! -e "$file" ] || [ "$(<"$file")" = THAWED ] || echo THAWED >"$file"
}

# kill_while_frozen VERB: device VERB, killed while the container is frozen around the change of its unit, whichever of its
# messages to systemd that is.
kill_while_frozen() {
	local n

	for n in {1..20}; do
		(strace -qq -o /dev/null -e trace=sendmsg -e "inject=sendmsg:signal=KILL:when=$n" \
			"$VMCG" --root "$ROOT" --policy "$POLICY" device "$1" "$ID" /dev/fuse >"$T/out" 2>"$T/err" || true) 2>/dev/null
		[ ! -s "$T/out" ] || fail "it ended before it could be killed:" "$(<"$T/out")" || return
		[ "$(record '.frozen // false')" = false ] || break
	done
	is_frozen || fail "$(cat "$T/err")" "$(record .frozen)"
}
