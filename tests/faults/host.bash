# shellcheck shell=bash disable=SC2034 # what is set here is used by run and cases.bash
# SPDX-License-Identifier: Apache-2.0
#
# host - the VM process, the groups and the documents of the fault tests, and one look at it all
#
# Everything lies at /$NAME, /$NAME-home (where the VM process and its helper live) and in $ROOT;
# $NAME starts with "vmcg-". Both are started once: a case that loses one has failed.

NAME=vmcg-faults$$
ID=vm
CG=/$NAME/$ID
RECORDS=

shopt -s nullglob globstar

start_host() {
	FACTS=$("$VMCG" host --format json)
	mapfile -t MOUNTS < <(jq -r '.mounts | [.[]] | unique[]' <<<"$FACTS")
	CPUSET=$(jq -r '.mounts.cpuset // empty' <<<"$FACTS")
	UNIFIED=$(jq -r '.mounts.unified // empty' <<<"$FACTS")
	declare -gA FILES=()
	T=$(mktemp -d "${TMPDIR:-/tmp}/$NAME.XXXXXX")
	if [ -w /dev/shm ]; then ROOT=/dev/shm/$NAME; else ROOT=$T/root; fi
	mkdir -m 0700 "$ROOT"
	mkdir "$T/bundle"
	echo '{}' >"$T/policy.json"
	for m in "${MOUNTS[@]}"; do make_group "$m" "/$NAME-home"; done
	"$BUILD/root/vmprocess" </dev/null >"$T/vm.out" 2>&1 &
	VM=$!
	sleep infinity >/dev/null 2>&1 &
	HELPER=$!
	until grep -q ready "$T/vm.out"; do sleep 0.01; done
	go_home
	jq -nc --arg b "$T/bundle" --argjson p "$VM" --arg id "$ID" '{ociVersion: "1.0.2", id: $id,
		status: "creating", pid: $p, bundle: $b}' >"$T/state.json"
}

end_host() {
	[ "${T:-}" ] || return 0
	clean_up
	kill -KILL "$VM" "$HELPER"
	wait "$VM" "$HELPER"
	for m in "${MOUNTS[@]}"; do rmdir "$m/$NAME-home"; done
	rm -rf "$T" "$ROOT"
} 2>/dev/null

# make_group MOUNT PATH: with its parents; a v1 cpuset admits nobody before it is filled.
make_group() {
	local at=$1 part file

	for part in ${2//\// }; do
		mkdir -p "$at/$part"
		for file in cpuset.cpus cpuset.mems; do
			[ "$1" = "$CPUSET" ] && cat "$at/$file" >"$at/$part/$file"
		done
		at+=/$part
	done
}

# move PID PATH: in every hierarchy.
move() {
	local m

	for m in "${MOUNTS[@]}"; do echo "$1" >"$m$2/cgroup.procs"; done
}

go_home() {
	move "$VM" "/$NAME-home"
	move "$HELPER" "/$NAME-home"
}

# Whatever a failed case left: the VM process out of it, and all of it away.
clean_up() {
	local dir m i

	go_home
	for m in "${MOUNTS[@]}"; do
		[ -d "$m/$NAME" ] || continue
		printf '%s\n' "$m/$NAME"/**/ | sort -r | while read -r dir; do
			for ((i = 0; i < 50; i++)); do
				if rmdir "$dir"; then break; fi
				sleep 0.02
			done
		done
	done
	rm -rf "${ROOT:?}"/*
	for m in "$VM" "$HELPER"; do
		taskset -ap "$(printf '%x' $(((1 << $(nproc --all)) - 1)))" "$m" >/dev/null
	done
} 2>/dev/null

# Of the files of a group those that can be read and hold what somebody set, or who is inside;
# the list of a group is made once.
list_files() {
	local dir=$1 file list=

	while read -r file; do
		case ${file##*/} in
		cgroup.procs | cgroup.subtree_control) ;;
		cgroup.* | tasks | notify_on_release | *usage* | *.failcnt | *stat* | *.peak | *pressure* | \
			*.events* | memory.oom_control | memory.reclaim | freezer.*) continue ;;
		esac
		list+=" $file"
	done < <(find "$dir" -maxdepth 1 -type f -perm /444 \( -perm /222 -o -name devices.list \))
	FILES[$dir]=$list
}

# What stands in the record, a line for each object: without the time of the setup, and without
# the enabling of what was enabled, which a look that failed has asked for.
record() {
	[ ! -e "$ROOT/$ID.json" ] || awk '{
		sub(/"created":[0-9]*,/, "")
		n = split($0, part, "{")
		for (i = 1; i <= n; i++) {
			value = part[i]
			sub(/.*"value":"\+?/, "", value)
			sub(/".*/, "", value)
			if (part[i] !~ /"op":"enable"/ || !index(part[i], "\"old\":\"" value "\""))
				print "record: " part[i]
		}
	}' "$ROOT/$ID.json"
}

# Everything that the tests could have changed, as sorted text in LOOK: groups, their values and
# processes, the groups and processors of the VM and its helper, the run directory. Whether a
# record is enough shows when it is taken down; for those who only change it (RECORDS), it is
# compared.
look() {
	local dirs=() files=() dir m

	for m in "${MOUNTS[@]}"; do dirs+=("$m/$NAME"/**/); done
	for dir in "${dirs[@]}"; do
		[ "${FILES[$dir]:-}" ] || list_files "$dir"
		# shellcheck disable=SC2206 # a list of names that this script made
		files+=(${FILES[$dir]})
	done
	[ "$UNIFIED" ] && files+=("$UNIFIED/cgroup.subtree_control")
	LOOK=$({
		printf '%s\n' "${dirs[@]}" "$ROOT"/*
		grep -sH '' "${files[@]}" "/proc/$VM/cgroup" "/proc/$HELPER/cgroup"
		grep -sH Cpus_allowed: /proc/"$VM"/task/*/status "/proc/$HELPER/status"
		[ ! "$RECORDS" ] || record
		grep -soH '"status":"[a-z]*"' "$ROOT"/*.json /dev/null
	} | sort)
}

# config FILTER: the container's config, the filter starting from one with limits that use every
# controller that is here.
config() {
	local disk

	disk=$(cat /sys/block/{vd,sd,nvme,loop,ram,zram}*/dev 2>/dev/null | head -1)
	jq -n --arg cg "$CG" --arg disk "${disk:-}" --argjson facts "$FACTS" '
		def has(x): $facts.controllers | index(x) != null;
		def disk: $disk | split(":") | map(tonumber) | {major: .[0], minor: .[1]};
		{ociVersion: "1.0.2", linux: {cgroupsPath: $cg, resources: ({}
		| if has("cpu") then .cpu += {shares: 512, quota: 50000, period: 100000} else . end
		| if has("cpuset") then .cpu += {cpus: "0", mems: "0"} else . end
		| if has("memory") then
			.memory = {limit: 268435456, reservation: 134217728, swap: 268435456} else . end
		| if has("pids") then .pids = {limit: 64} else . end
		| if has("hugetlb") then
			.hugepageLimits = [{pageSize: "2MB", limit: 4194304}] else . end
		| if has("net_cls") then .network = {classID: 7} else . end
		| if (has("blkio") or has("io")) and $disk != "" then .blockIO = {
			throttleReadBpsDevice: [disk + {rate: 1048576}]} else . end)}}' |
		jq "${1:-.}" >"$T/bundle/config.json"
}
