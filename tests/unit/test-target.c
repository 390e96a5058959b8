/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-target - manager, path and mode from wishes and host facts; every refusal
 *
 * A row's want is "MANAGER MODE PATH [WORD...]", with the words unit=, slice=, tail=,
 * fresh, nothing and, last, "! WARNING"; or "host: TEXT" or "input: TEXT", a part of
 * the message.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "hook/target.h"
#include "oci/text.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

enum { INIT = 42, VM = 77 };

/* Hosts, without their cgroups and processes. */
#define V2    "\"layout\":\"unified\",\"mounts\":{\"unified\":\"/sys/fs/cgroup\"}"
#define V2_SD V2 ",\"systemd\":252"
#define V1                                                                                \
	"\"layout\":\"legacy\",\"mounts\":{\"memory\":\"/sys/fs/cgroup/memory\",\"cpu\":" \
	"\"/sys/fs/cgroup/cpu\"}"
#define ROOTLESS         V2 ",\"euid\":1000,\"rootless\":true"
#define DELEGATED        ROOTLESS ",\"delegated\":\"/user.slice/u.service\""
#define USER_SD_AT(path) ROOTLESS ",\"systemd\":257,\"delegated\":\"" path "\""
#define USER_SD          USER_SD_AT("/user.slice/user-1.slice/user@1.service")

#define LOGIN            "/user.slice/user-1.slice/session-2.scope"

/* What a row adds to its host. */
#define INIT_AT(path)    "\"processes\":[{\"pid\":42,\"cgroups\":{\"unified\":\"" path "\"}}]"
#define INIT_V1(mem, cpu) \
	"\"processes\":[{\"pid\":42,\"cgroups\":{\"memory\":\"" mem "\",\"cpu\":\"" cpu "\"}}]"
#define GROUP(path, procs, children) \
	"\"cgroups\":{\"" path "\":{\"procs\":" #procs ",\"children\":" #children "}}"

struct row {
	const char *host, *more; /* NULL: V2 and nothing */
	const char *path;        /* cgroupsPath; NULL: absent */
	int manager, mode;       /* 0: auto; else the enum's value + 1 */
	int64_t vm;              /* 0: none */
	bool join, require;
	const char *want;
};

#define VMCG_C1  "/system.slice/vmcg-c1.scope unit=vmcg-c1.scope slice=system.slice fresh"

#define CGROUPFS (MANAGER_CGROUPFS + 1)
#define SYSTEMD  (MANAGER_SYSTEMD + 1)
#define OWN      (MODE_OWN + 1)
#define ADOPT    (MODE_ADOPT + 1)

/* --- manager and path --- */

static const struct row managers[] = {
    {.path = "/vm", .want = "cgroupfs own /vm fresh"},
    {.path = "a.slice:p:n", .want = "cgroupfs own /a.slice:p:n fresh"}, /* no systemd here */
    {.host = V2_SD, .path = "/vm", .want = "cgroupfs own /vm fresh"},
    {.host = V2_SD,
     .path = "a-b.slice:p:n",
     .want = "systemd own /a.slice/a-b.slice/p-n.scope unit=p-n.scope slice=a-b.slice fresh"},
    {.host = V2_SD,
     .path = ":p:n",
     .want = "systemd own /system.slice/p-n.scope unit=p-n.scope slice=system.slice fresh"},
    {.host = V2_SD,
     .path = "a:b:c",
     .want = "cgroupfs own /a:b:c fresh ! cgroupsPath \"a:b:c\" looks like slice:prefix:name, but "
	     "its first part does not end in \".slice\": taken as a directory name"},
    {.host = V2_SD, .path = "a:b", .want = "cgroupfs own /a:b fresh"},
    {.host = V2_SD, .path = "a.slice:b:c:d", .want = "cgroupfs own /a.slice:b:c:d fresh"},
    {.host = V2_SD,
     .path = "a.slice:p:n",
     .manager = CGROUPFS,
     .want = "cgroupfs own /a.slice:p:n fresh"},
    {.host = V2_SD, .want = "cgroupfs own /vmcg/c1 fresh"},
    {.host = V2_SD,
     .manager = SYSTEMD,
     .want = "systemd own /system.slice/vmcg-c1.scope unit=vmcg-c1.scope slice=system.slice fresh"},
    {.manager = SYSTEMD, .path = "a.slice:p:n", .want = "host: systemd does not run here"},
    {.host = V2_SD,
     .path = "a.slice:p:n.scope",
     .want = "systemd own /a.slice/p-n.scope.scope unit=p-n.scope.scope slice=a.slice fresh ! "
	     "cgroupsPath: the name ends in \".scope\" already: the unit is p-n.scope.scope"},
    /* with --systemd-cgroup there is no other form */
    {.host = V2_SD,
     .manager = SYSTEMD,
     .path = "/vm",
     .want = "input: expected \"slice:prefix:name\", got \"/vm\""},
    {.host = V2_SD,
     .manager = SYSTEMD,
     .path = "",
     .want = "input: expected \"slice:prefix:name\", got \"\""},
    {.host = V2_SD,
     .manager = SYSTEMD,
     .path = "a:b:c",
     .want = "input: the slice must end in \".slice\""},
    {.host = V2_SD, .path = "a--b.slice:p:n", .want = "input: nor contain \"--\""},
};

static const struct row paths[] = {
    {.want = "cgroupfs own /vmcg/c1 fresh"},
    {.path = "", .want = "cgroupfs own /vmcg/c1 fresh"},
    {.path = "a/b", .want = "cgroupfs own /a/b fresh"},
    {.path = "//a/./b/../c/", .want = "cgroupfs own /a/c fresh"},
    {.path = "../../x", .want = "cgroupfs own /x fresh"},
    {.path = "/../x", .want = "cgroupfs own /x fresh"},
    {.path = "/", .want = "input: /linux/cgroupsPath"},
    {.path = "/a/..", .want = "input: /linux/cgroupsPath"},
    {.path = "..", .want = "input: /linux/cgroupsPath"},
    {.path = "/a\nb", .want = "input: /linux/cgroupsPath"},
};

/* --- mode --- */

static const struct row modes[] = {
    /* the path exists and init is at it, or below it */
    {.path = "/vm", .more = INIT_AT("/vm") "," GROUP("/vm", 1, 0), .want = "cgroupfs adopt /vm"},
    {.path = "/vm",
     .more = INIT_AT("/vm/container") "," GROUP("/vm", 0, 1),
     .want = "cgroupfs adopt /vm"},
    {.path = "/vm", .more = INIT_AT("/vm2"), .want = "cgroupfs own /vm fresh"},
    {.path = "/vm/x", .more = INIT_AT("/vm"), .want = "cgroupfs own /vm/x fresh"},
    {.path = "/vm",
     .host = V1,
     .more = INIT_V1("/", "/vm/a"),
     .want = "cgroupfs adopt /vm"}, /* one hierarchy is enough */
    {.host = V2_SD,
     .path = "a.slice:p:n",
     .more = INIT_AT("/a.slice/p-n.scope/container"),
     .want = "systemd adopt /a.slice/p-n.scope unit=p-n.scope slice=a.slice"},

    /* empty: ours to use, not to remove; populated: refused with the numbers */
    {.path = "/vm", .more = GROUP("/vm", 0, 0), .want = "cgroupfs own /vm"},
    {.path = "/vm",
     .more = GROUP("/vm", 3, 1),
     .want = "host: /vm: the cgroup exists and holds 3 processes and 1 child group of others"},
    {.path = "/vm",
     .more = GROUP("/vm", 1, 0),
     .want = "host: holds 1 process and 0 child groups of others"},
    {.path = "/vm", .more = GROUP("/vm", 0, 2), .want = "host: 0 processes and 2 child groups"},
    {.path = "/vm", .more = GROUP("/vm", 3, 0), .join = true, .want = "host: holds 3 processes"},
    {.path = "/vm", .more = GROUP("/vm", 3, 0), .mode = OWN, .want = "host: holds 3 processes"},
    {.path = "/vm",
     .more = GROUP("/vm", 3, 0),
     .mode = OWN,
     .join = true,
     .want = "cgroupfs own /vm"},

    {.host = V2_SD,
     .path = "a.slice:p:n",
     .more = GROUP("/a.slice/p-n.scope", 3, 0),
     .mode = OWN,
     .join = true, /* no unit is started twice */
     .want = "host: /a.slice/p-n.scope: the unit p-n.scope exists and holds 3 processes and 0 "
	     "child groups of others; choose another cgroupsPath, or stop the unit"},

    /* adopt was asked for */
    {.path = "/vm", .mode = ADOPT, .more = INIT_AT("/vm"), .want = "cgroupfs adopt /vm"},
    {.path = "/vm",
     .mode = ADOPT,
     .more = INIT_AT("/x"),
     .want = "host: /vm: --mode adopt, but the container's init (process 42) is not in"},
    {.mode = ADOPT, .more = INIT_AT("/"), .want = "host: --mode adopt"},

    /* own was asked for, where init is: beside it, and never with init itself */
    {.path = "/vm",
     .mode = OWN,
     .vm = VM,
     .more = INIT_AT("/vm"),
     .want = "cgroupfs own /vmcg/c1 fresh ! /vm belongs to the container's runtime: the VM gets "
	     "/vmcg/c1"},
    {.path = "/vm",
     .mode = OWN,
     .vm = INIT,
     .more = INIT_AT("/vm"),
     .want = "host: --mode own would move the container's init (process 42) out of its runtime's"},
    {.path = "/vm",
     .mode = OWN,
     .vm = VM,
     .more = INIT_AT("/vm") "," GROUP("/vmcg/c1", 2, 0),
     .want = "host: /vmcg/c1: the cgroup exists and holds 2 processes"},
};

/* Without a path, or with a relative one, the runtime's choice is seen from where init is. */
static const struct row runtimes[] = {
    {.more = INIT_AT("/c1"), .want = "cgroupfs adopt /c1 tail=c1"},
    {.more = INIT_AT("/system.slice/runc-c1.scope"),
     .want = "cgroupfs adopt /system.slice/runc-c1.scope tail=runc-c1.scope"},
    {.more = INIT_AT("/x/crun-c1.scope/container"),
     .want = "cgroupfs adopt /x/crun-c1.scope tail=crun-c1.scope"},
    {.more = INIT_AT("/machine.slice/libpod-c1.scope"),
     .want = "cgroupfs adopt /machine.slice/libpod-c1.scope tail=libpod-c1.scope"},
    /* a session, a service, the root: not named after the container, never adopted */
    {.more = INIT_AT("/user.slice/session-2.scope"), .want = "cgroupfs own /vmcg/c1 fresh"},
    {.more = INIT_AT("/system.slice/ssh.service"), .want = "cgroupfs own /vmcg/c1 fresh"},
    {.more = INIT_AT("/"), .want = "cgroupfs own /vmcg/c1 fresh"},
    {.more = INIT_AT("/c10"), .want = "cgroupfs own /vmcg/c1 fresh"},
    {.more = INIT_AT("/xc1"), .want = "cgroupfs own /vmcg/c1 fresh"},
    {.more = INIT_AT("/c1"), .mode = OWN, .vm = VM, .want = "cgroupfs own /vmcg/c1 fresh"},

    /* where systemd runs, a scope is a unit of it */
    {.host = V2_SD,
     .more = INIT_AT("/system.slice/runc-c1.scope"),
     .want = "systemd adopt /system.slice/runc-c1.scope unit=runc-c1.scope slice=system.slice "
	     "tail=runc-c1.scope"},
    {.host = V2_SD,
     .path = "",
     .more = INIT_AT("/a.slice/crun-c1.scope/container"),
     .want = "systemd adopt /a.slice/crun-c1.scope unit=crun-c1.scope slice=a.slice "
	     "tail=crun-c1.scope"},
    {.host = V2_SD,
     .mode = ADOPT,
     .more = INIT_AT("/machine.slice/libpod-c1.scope"),
     .want = "systemd adopt /machine.slice/libpod-c1.scope unit=libpod-c1.scope "
	     "slice=machine.slice tail=libpod-c1.scope"},
    {.host = V2_SD,
     .manager = CGROUPFS,
     .more = INIT_AT("/system.slice/runc-c1.scope"),
     .want = "cgroupfs adopt /system.slice/runc-c1.scope tail=runc-c1.scope"},
    {.host = V2_SD,
     .mode = OWN,
     .vm = VM,
     .more = INIT_AT("/system.slice/runc-c1.scope"),
     .want = "cgroupfs own /vmcg/c1 fresh"},
    {.host = V2_SD, .more = INIT_AT("/c1"), .want = "cgroupfs adopt /c1 tail=c1"},
    {.host = V2_SD,
     .more = INIT_AT("/system.slice/c1.scope"),
     .want = "cgroupfs own /vmcg/c1 fresh"},
    {.host = V2_SD,
     .more = INIT_AT("/system.slice/runc-c10.scope"),
     .want = "cgroupfs own /vmcg/c1 fresh"},

    {.path = "a/b", .more = INIT_AT("/user/s/a/b"), .want = "cgroupfs adopt /user/s/a/b tail=a/b"},
    {.path = "a/b",
     .more = INIT_AT("/user/a/b/child"),
     .want = "cgroupfs adopt /user/a/b tail=a/b"},
    {.path = "a/b", .more = INIT_AT("/xa/b"), .want = "cgroupfs own /a/b fresh"},
    /* an absolute path is where it says */
    {.path = "/a/b", .more = INIT_AT("/user/a/b"), .want = "cgroupfs own /a/b fresh"},
    {.path = "a/b", .mode = OWN, .more = INIT_AT("/user/a/b"), .want = "cgroupfs own /a/b fresh"},
    {.path = "a/b",
     .host = V1,
     .more = INIT_V1("/", "/base/a/b"),
     .want = "cgroupfs adopt /base/a/b tail=a/b"},
};

/* The same with systemd asked for: only what is a unit named after the container. */
static const struct row units[] = {
    {.more = INIT_AT("/system.slice/runc-c1.scope"),
     .want = "systemd adopt /system.slice/runc-c1.scope unit=runc-c1.scope slice=system.slice "
	     "tail=runc-c1.scope"},
    {.more = INIT_AT("/a.slice/a-b.slice/crun-c1.scope/container"),
     .want = "systemd adopt /a.slice/a-b.slice/crun-c1.scope unit=crun-c1.scope slice=a-b.slice "
	     "tail=crun-c1.scope"},
    {.more = INIT_AT("/libpod-c1.scope"),
     .want = "systemd adopt /libpod-c1.scope unit=libpod-c1.scope slice=-.slice "
	     "tail=libpod-c1.scope"},
    {.more = INIT_AT("/c1"), .want = "systemd own " VMCG_C1},
    {.more = INIT_AT("/system.slice/c1.scope"), .want = "systemd own " VMCG_C1},
    {.more = INIT_AT("/system.slice/runc-c10.scope"), .want = "systemd own " VMCG_C1},
    {.more = INIT_AT("/system.slice/ssh.service"), .want = "systemd own " VMCG_C1},
    {.more = INIT_AT("/system.slice/runc-c1.scope"),
     .mode = OWN,
     .vm = VM,
     .want = "systemd own " VMCG_C1},
    /* a path was named, so that is where to look */
    {.more = INIT_AT("/system.slice/runc-c1.scope"),
     .path = "a.slice:p:n",
     .want = "systemd own /a.slice/p-n.scope unit=p-n.scope slice=a.slice fresh"},
};

#define OUT_OF " would move the container's init (process 42) out of this group of its runtime"

/* Init is in its runtime's group, but the target is another: it is never moved there. */
static const struct row elsewhere[] = {
    /* a runtime without systemd makes a directory of any form of path */
    {.host = V2_SD,
     .path = "system.slice:docker:vm1",
     .more = INIT_AT("/system.slice:docker:vm1"),
     .vm = INIT,
     .want = "cgroupfs adopt /system.slice:docker:vm1 tail=system.slice:docker:vm1"},
    {.host = V2_SD,
     .path = "a.slice:p:n",
     .more = INIT_AT("/base/a.slice:p:n/container"),
     .mode = ADOPT,
     .want = "cgroupfs adopt /base/a.slice:p:n tail=a.slice:p:n"},
    {.host = V2_SD,
     .path = "a.slice:p:n",
     .more = INIT_AT("/a.slice:p:n"),
     .manager = SYSTEMD,
     .vm = INIT,
     .want = "host: /a.slice:p:n: to own /a.slice/p-n.scope" OUT_OF
	     ", which breaks exec, pause and kill there; use --mode adopt with the "
	     "--cgroup-manager of the runtime, or name the VM process with --vm-pid"},
    {.host = V2_SD,
     .path = "a.slice:p:n",
     .more = INIT_AT("/a.slice:p:n"),
     .mode = OWN,
     .vm = INIT,
     .want = "host: /a.slice:p:n: to own /a.slice/p-n.scope" OUT_OF},
    {.host = V2_SD,
     .path = "a.slice:p:n",
     .more = INIT_AT("/a.slice:p:n"),
     .mode = OWN,
     .vm = VM,
     .want = "systemd own /a.slice/p-n.scope unit=p-n.scope slice=a.slice fresh"},
    /* named after the container */
    {.path = "/vm/x",
     .more = INIT_AT("/machine.slice/libpod-c1.scope/container"),
     .vm = INIT,
     .want = "host: /machine.slice/libpod-c1.scope: to own /vm/x" OUT_OF},
    {.path = "/vm/x", .more = INIT_AT("/c1"), .vm = INIT, .want = "host: /c1: to own /vm/x" OUT_OF},
    {.path = "/vm/x",
     .more = INIT_AT("/c1"),
     .vm = VM,
     .want = "cgroupfs own /vm/x fresh"}, /* init stays */
    {.path = "/vm/x",
     .host = V1,
     .more = INIT_V1("/", "/base/crun-c1.scope"),
     .vm = INIT,
     .want = "host: /base/crun-c1.scope: to own /vm/x" OUT_OF},
    {.host = V2_SD,
     .mode = OWN,
     .more = INIT_AT("/system.slice/runc-c1.scope"),
     .vm = INIT,
     .want = "host: /system.slice/runc-c1.scope: to own /vmcg/c1" OUT_OF},
    /* the path below another base */
    {.path = "/a/b",
     .more = INIT_AT("/user/a/b"),
     .vm = INIT,
     .want = "host: /user/a/b: to own /a/b" OUT_OF},
    {.path = "a/./b",
     .mode = OWN,
     .more = INIT_AT("/user/a/b/x"),
     .vm = INIT,
     .want = "host: /user/a/b: to own /a/b" OUT_OF},
    /* the unit in another slice, or as runtimes name it without a prefix, or not systemd asked */
    {.host = V2_SD,
     .path = "a.slice:p:n",
     .more = INIT_AT("/b.slice/p-n.scope"),
     .vm = INIT,
     .want = "host: /b.slice/p-n.scope: to own /a.slice/p-n.scope" OUT_OF},
    {.host = V2_SD,
     .path = "a.slice::n",
     .more = INIT_AT("/a.slice/-n.scope"),
     .vm = INIT,
     .want = "host: /a.slice/-n.scope: to own /a.slice/n.scope" OUT_OF},
    {.host = V2_SD,
     .path = "a.slice:p:n",
     .more = INIT_AT("/a.slice/n.scope/x"),
     .vm = INIT,
     .want = "host: /a.slice/n.scope: to own /a.slice/p-n.scope" OUT_OF},
    {.host = V2_SD,
     .path = "a.slice:p:n",
     .more = INIT_AT("/a.slice/p-n.scope"),
     .manager = CGROUPFS,
     .vm = INIT,
     .want = "host: /a.slice/p-n.scope: to own /a.slice:p:n" OUT_OF},
    /* a shim in a group of its own */
    {.path = "/pods/p1/c1",
     .more = INIT_AT("/system.slice/containerd.service"),
     .vm = INIT,
     .want = "cgroupfs own /pods/p1/c1 fresh"},
    {.path = "/pods/p1/c1",
     .more = INIT_AT("/pods/p1/kata_c1"),
     .vm = INIT,
     .want = "cgroupfs own /pods/p1/c1 fresh"},
    {.more = INIT_AT("/pods/p1"), .vm = INIT, .want = "cgroupfs own /vmcg/c1 fresh"},
    {.host = V2_SD,
     .path = "a.slice:p:n",
     .more = INIT_AT("/a.slice/q-p-n.scope"),
     .vm = INIT,
     .want = "systemd own /a.slice/p-n.scope unit=p-n.scope slice=a.slice fresh"},
    {.host = V2_SD,
     .path = "a.slice:p:n",
     .more = INIT_AT("/a.slice"),
     .vm = INIT,
     .want = "systemd own /a.slice/p-n.scope unit=p-n.scope slice=a.slice fresh"},
    /* nothing is moved at all */
    {.host = ROOTLESS,
     .path = "/vm",
     .more = INIT_AT("/x/vm"),
     .vm = INIT,
     .want = "cgroupfs own /vm nothing ! rootless: no cgroup is delegated to this user, so no "
	     "limit applies"},
};

static const struct row rootless[] = {
    {.host = ROOTLESS,
     .path = "/vm",
     .want = "cgroupfs own /vm nothing ! rootless: no cgroup is delegated to this user, so no "
	     "limit applies"},
    {.host = ROOTLESS, .path = "/vm", .require = true, .want = "host: \"rootless\": \"require\""},
    {.host = DELEGATED, .path = "/vm", .want = "cgroupfs own /user.slice/u.service/vm fresh"},
    {.host = DELEGATED, .want = "cgroupfs own /user.slice/u.service/vmcg/c1 fresh"},
    {.host = DELEGATED,
     .path = "/user.slice/u.service/vm",
     .want = "cgroupfs own /user.slice/u.service/vm fresh"},
    {.host = DELEGATED,
     .path = "/user.slice/u.service2",
     .require = true,
     .want = "cgroupfs own /user.slice/u.service/user.slice/u.service2 fresh"},
    /* the runtime's own group is where it is */
    {.host = DELEGATED,
     .path = "a/b",
     .more = INIT_AT("/user.slice/other/a/b"),
     .want = "cgroupfs adopt /user.slice/other/a/b tail=a/b"},

    /* systemd is the user's own, and so are its paths */
    {.host = USER_SD,
     .path = ":p:n",
     .want = "systemd own /user.slice/user-1.slice/user@1.service/user.slice/p-n.scope "
	     "unit=p-n.scope slice=user.slice fresh"},
    {.host = USER_SD_AT("/user@1.service/app.slice/x.service"),
     .path = "a.slice:p:n",
     .want = "systemd own /user@1.service/a.slice/p-n.scope unit=p-n.scope slice=a.slice fresh"},
    {.host = USER_SD,
     .path = ":p:n",
     .more = INIT_AT("/user.slice/user-1.slice/user@1.service/user.slice/p-n.scope/container"),
     .want = "systemd adopt /user.slice/user-1.slice/user@1.service/user.slice/p-n.scope "
	     "unit=p-n.scope slice=user.slice"},
    {.host = USER_SD,
     .manager = SYSTEMD,
     .more = INIT_AT("/user.slice/user-1.slice/user@1.service/user.slice/crun-c1.scope"),
     .want = "systemd adopt /user.slice/user-1.slice/user@1.service/user.slice/crun-c1.scope "
	     "unit=crun-c1.scope slice=user.slice tail=crun-c1.scope"},
    {.host = USER_SD_AT("/somewhere/user@1.slice"),
     .path = ":p:n",
     .want = "host: /somewhere/user@1.slice is delegated to this user, but it is not within the "
	     "user's systemd"},
    {.host = ROOTLESS ",\"systemd\":257",
     .path = ":p:n",
     .want = "systemd own /user.slice/p-n.scope unit=p-n.scope slice=user.slice nothing ! "
	     "rootless: no cgroup is delegated to this user, so no limit applies"},
    {.host = ROOTLESS ",\"systemd\":257",
     .path = ":p:n",
     .require = true,
     .want = "host: \"rootless\": \"require\""},

    /* a login's scope is beside the user's systemd, which can fetch a process from there */
    {.host = USER_SD,
     .more = INIT_AT(LOGIN),
     .vm = INIT,
     .want = "systemd own /user.slice/user-1.slice/user@1.service/user.slice/vmcg-c1.scope "
	     "unit=vmcg-c1.scope slice=user.slice fresh"},
    {.host = USER_SD,
     .more = INIT_AT("/user.slice/user-1.slice/user@1.service/app.slice/x.scope"),
     .vm = INIT,
     .want = "cgroupfs own /user.slice/user-1.slice/user@1.service/vmcg/c1 fresh"},
    {.host = USER_SD,
     .more = INIT_AT(LOGIN),
     .want = "cgroupfs own /user.slice/user-1.slice/user@1.service/vmcg/c1 fresh"},
    {.host = USER_SD,
     .path = "/vm",
     .more = INIT_AT(LOGIN),
     .vm = INIT,
     .want = "cgroupfs own /vm nothing ! rootless: process 42 is in " LOGIN ", outside of what is "
	     "delegated to this user (/user.slice/user-1.slice/user@1.service), from where only "
	     "his systemd can take it, so no limit applies"},
    {.host = USER_SD,
     .path = "",
     .more = INIT_AT(LOGIN),
     .vm = INIT,
     .require = true,
     .want = "host: and policy says \"rootless\": \"require\"; use --cgroup-manager systemd"},
    {.host = USER_SD,
     .manager = CGROUPFS,
     .more = INIT_AT(LOGIN),
     .vm = INIT,
     .require = true,
     .want = "host: process 42 is in " LOGIN ", outside of what is delegated"},
    /* nobody's systemd has this tree */
    {.host = DELEGATED ",\"systemd\":257",
     .more = INIT_AT(LOGIN),
     .vm = INIT,
     .require = true,
     .want = "host: outside of what is delegated to this user (/user.slice/u.service)"},
};

/* --- running them --- */

static void render(struct text *out, const struct target *t)
{
	text_printf(out, "%s %s %s", manager_name[t->manager], mode_name[t->mode], t->path);
	if (t->unit)
		text_printf(out, " unit=%s slice=%s", t->unit, t->slice);
	if (t->tail)
		text_printf(out, " tail=%s", t->tail);
	text_printf(out, "%s%s", t->fresh ? " fresh" : "", t->nothing ? " nothing" : "");
	if (t->warning)
		text_printf(out, " ! %s", t->warning);
}

static void must_parse(struct facts *f, struct arena *a, const struct row *row)
{
	const char *json = arena_printf(a, "{%s%s%s}", row->host ? row->host : V2,
					row->more ? "," : "", row->more ? row->more : "");
	struct error e;

	if (facts_parse(f, a, json, strlen(json), &e) < 0)
		fail_msg("%s\n%s", e.text, json);
}

static bool run(const struct row *row, struct text *got)
{
	struct arena a = {0};
	struct facts f = {0};
	struct error e = {0};
	struct target t = {0};
	const struct target_wishes w = {.id = "c1",
					.cgroups_path = row->path,
					.manager = row->manager - 1,
					.mode = row->mode - 1,
					.init = INIT,
					.vm = row->vm,
					.join = row->join,
					.rootless_require = row->require};
	bool ok;

	must_parse(&f, &a, row);
	if (target_locate(&t, &w, &f, &a, &e) == 0 && target_decide(&t, &w, &f, &a, &e) == 0) {
		render(got, &t);
		ok = strcmp(got->s, row->want) == 0 && t.why;
	} else {
		text_printf(got, "%s: %s", e.kind == ERROR_INPUT ? "input" : "host", e.text);
		ok = strncmp(got->s, row->want, strcspn(row->want, ":")) == 0 &&
		     strchr(row->want, ':') && strstr(e.text, strchr(row->want, ':') + 2) &&
		     (e.kind == ERROR_INPUT || e.kind == ERROR_HOST);
	}
	arena_free(&a);
	return ok;
}

static void check(const struct row *rows, size_t n)
{
	size_t wrong = 0;

	for (size_t i = 0; i < n; i++) {
		struct text got = {0};

		if (!run(&rows[i], &got)) {
			print_error("row %zu\n  want %s\n  got  %s\n", i, rows[i].want, got.s);
			wrong++;
		}
		text_free(&got);
	}
	assert_int_equal(wrong, 0);
}

static void test_managers(void **state)
{
	(void)state;
	check(managers, COUNT(managers));
}

static void test_paths(void **state)
{
	(void)state;
	check(paths, COUNT(paths));
}

static void test_modes(void **state)
{
	(void)state;
	check(modes, COUNT(modes));
}

static void test_runtimes(void **state)
{
	(void)state;
	check(runtimes, COUNT(runtimes));
}

static void test_elsewhere(void **state)
{
	(void)state;
	check(elsewhere, COUNT(elsewhere));
}

/* On a host with systemd, which was asked for. */
static void test_units(void **state)
{
	struct row rows[COUNT(units)];

	(void)state;
	for (size_t i = 0; i < COUNT(units); i++) {
		rows[i] = units[i];
		rows[i].host = V2_SD;
		rows[i].manager = SYSTEMD;
	}
	check(rows, COUNT(rows));
}

static void test_rootless(void **state)
{
	(void)state;
	check(rootless, COUNT(rootless));
}

/* --- the target in one hierarchy --- */

static const struct {
	struct target target;
	const char *hierarchy, *want;
} places[] = {
    {{.mode = MODE_OWN, .path = "/vm"}, "memory", "/vm"},
    {{.mode = MODE_ADOPT, .path = "/vm"}, "memory", "/vm"},
    {{.mode = MODE_ADOPT, .path = "/vm"}, "cpu", NULL},
    {{.mode = MODE_ADOPT, .path = "/vm"}, "pids", NULL},
    /* another base in each hierarchy */
    {{.mode = MODE_ADOPT, .path = "/vm/c", .tail = "c"}, "memory", "/vm/c"},
    {{.mode = MODE_ADOPT, .path = "/vm/c", .tail = "c"}, "cpu", "/base/c"},
};

static void test_path_in(void **state)
{
	const struct row host = {.host = V1, .more = INIT_V1("/vm/c", "/base/c/leaf")};
	struct arena a = {0};
	struct facts f;

	(void)state;
	must_parse(&f, &a, &host);
	for (size_t i = 0; i < COUNT(places); i++) {
		const char *got =
		    target_path_in(&places[i].target, &f, INIT, places[i].hierarchy, &a);

		if (!got != !places[i].want || (got && strcmp(got, places[i].want) != 0))
			fail_msg("row %zu: want %s, got %s", i,
				 places[i].want ? places[i].want : "none", got ? got : "none");
	}
	/* an init that nobody knows is nowhere */
	assert_null(target_path_in(&places[1].target, &f, 4711, "memory", &a));
	assert_string_equal(target_path_in(&places[0].target, &f, 4711, "memory", &a), "/vm");
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_managers), cmocka_unit_test(test_paths),
	    cmocka_unit_test(test_modes),    cmocka_unit_test(test_runtimes),
	    cmocka_unit_test(test_rootless), cmocka_unit_test(test_path_in),
	    cmocka_unit_test(test_units),    cmocka_unit_test(test_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
