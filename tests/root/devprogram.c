/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devprogram - device programs on a cgroup, attached and detached by hand
 *
 *   devprogram DIRECTORY attach vmcg|systemd|nameless|NAME [RULE...]
 *   devprogram DIRECTORY detach vmcg|systemd|nameless|NAME
 *
 * A program is known by its name; vmcg and systemd have theirs. It allows what the rules
 * ("c 10:232 rwm") do; without any, everything, which no program of vmcg's does.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hook/bpf.h"
#include "hook/devlist.h"
#include "hook/devprog.h"

/* What the rules mean, or a program that allows all. */
static size_t build(struct bpf_insn **ret, char **rules, int n_rules, struct arena *a)
{
	static struct bpf_insn all[] = {
	    {.code = BPF_ALU | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1},
	    {.code = BPF_JMP | BPF_EXIT}};
	struct devlist_state list = {0};
	struct device_policy policy;
	const char *text = "";
	struct error e = {0};
	size_t n;

	*ret = all;
	if (!n_rules)
		return 2;
	for (int i = 0; i < n_rules; i++)
		text = arena_printf(a, "%s%s\n", text, rules[i]);
	if (devlist_parse(&list, text, "rules", a, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		exit(2);
	}
	policy = (struct device_policy){.allow = list.allow, .entries = list.entries, .n = list.n};
	devrules_normalise(&policy);
	if (devprog_build(ret, &n, &policy, a, &e) != 0) {
		fprintf(stderr, "no program: %s\n", e.text);
		exit(2);
	}
	return n;
}

static const char *full_name(const char *word)
{
	if (strcmp(word, "vmcg") == 0)
		return BPF_OUR_NAME;
	if (strcmp(word, "systemd") == 0)
		return "sd_devices";
	return strcmp(word, "nameless") == 0 ? "" : word;
}

static int load(const struct bpf_insn *insns, size_t n, const char *name)
{
	union bpf_attr attr = {.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
			       .insns = (uintptr_t)insns,
			       .insn_cnt = (unsigned)n,
			       .license = (uintptr_t) "GPL"};

	snprintf(attr.prog_name, sizeof(attr.prog_name), "%s", name);
	return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

/* The first program of the group that has this name. */
static int find(int cgroup_fd, const char *name, struct arena *a)
{
	struct error e = {0};
	uint32_t *ids;
	size_t n;

	if (bpf_list(NULL, &ids, &n, cgroup_fd, a, &e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct bpf_prog_info info;
		int fd;

		if (bpf_open_id(NULL, &fd, ids[i], &e) == 0 && bpf_info(NULL, &info, fd, &e) == 0 &&
		    strcmp(info.name, name) == 0)
			return fd;
	}
	errno = ENOENT;
	return -1;
}

int main(int argc, char **argv)
{
	struct arena a = {0};
	struct error e = {0};
	struct bpf_insn *insns;
	int dir, fd, r = -1;

	if (argc < 4)
		return 2;
	dir = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		perror(argv[1]);
		return 1;
	}
	if (strcmp(argv[2], "attach") == 0) {
		size_t n = build(&insns, argv + 4, argc - 4, &a);

		fd = load(insns, n, full_name(argv[3]));
		if (fd >= 0)
			r = bpf_attach(NULL, dir, fd, &e);
	} else {
		fd = find(dir, full_name(argv[3]), &a);
		if (fd >= 0)
			r = bpf_detach(NULL, dir, fd, &e);
	}
	if (fd < 0)
		perror(argv[3]);
	else if (r != 0)
		fprintf(stderr, "%s: %s\n", argv[1], e.text);
	arena_free(&a);
	return r != 0;
}
