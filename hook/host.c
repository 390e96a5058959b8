/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host - host facts from /proc, /sys and /dev
 *
 * The frame: what is a value by itself is read here; mounts, cgroups and control
 * files have a file each (host_mounts.c, host_cgroups.c, host_files.c).
 */
#include "hook/host.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "hook/cgpath.h"
#include "hook/host_work.h"
#include "hook/procs.h"
#include "hook/sysfile.h"

const char *host_path(const struct host_work *w, const char *fmt, ...)
{
	const char *path;
	va_list ap;

	va_start(ap, fmt);
	path = arena_vprintf(w->arena, fmt, ap);
	va_end(ap);
	return w->prefix[0] ? arena_printf(w->arena, "%s%s", w->prefix, path) : path;
}

const char *host_cgroup_dir(const struct host_work *w, const struct facts_mount *m,
			    const char *path)
{
	const char *dir = cgpath_on_disk(w->arena, m->path, m->root, path);

	return dir ? host_path(w, "%s", dir) : NULL;
}

bool host_is_outside(const char *path)
{
	return strncmp(path, "/..", 3) == 0 && (path[3] == '/' || path[3] == '\0');
}

/* A cgroup directory has one link for itself, one for its entry above, and one for
 * each child. */
static int look_at(const char *path, struct host_look *ret)
{
	struct statfs fs;
	struct stat st;

	if (statfs(path, &fs) < 0 || stat(path, &st) < 0)
		return errno;
	*ret = (struct host_look){
	    .magic = (uint64_t)fs.f_type,
	    .dev = st.st_dev,
	    .ino = st.st_ino,
	    .children = st.st_nlink > 2 ? st.st_nlink - 2 : 0,
	};
	return 0;
}

/* A line of /sys; where there is no such file the kernel has just number 0. */
static const char *read_online(const struct host_work *w, const char *what)
{
	const char *list;

	if (sysfile_read_line(&list, w->arena,
			      host_path(w, "/sys/devices/system/%s/online", what)) > 0 ||
	    *list == '\0')
		return "0";
	return list;
}

static int find_machine(struct host_work *w, struct error *e)
{
	const char *path = host_path(w, "/proc/sys/kernel/osrelease"), *map;
	struct facts *f = w->facts;
	struct stat st;
	size_t len;
	int r;

	r = sysfile_read_line(&f->kernel, w->arena, path);
	if (r > 0)
		return error_set_os(e, ERROR_HOST, r, "cannot read the kernel release from %s",
				    path);
	f->page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	f->cpus = read_online(w, "cpu");
	f->mems = read_online(w, "node");
	/* The version is known only over D-Bus: 1 stands for "runs". */
	f->systemd = lstat(host_path(w, "/run/systemd/system"), &st) == 0 && S_ISDIR(st.st_mode);
	f->euid = geteuid();
	/* Without the map the kernel has one user namespace only. */
	r = sysfile_read(&map, &len, w->arena, host_path(w, "/proc/self/uid_map"));
	f->rootless = f->euid != 0 || (r == 0 && !procfs_uid_map_is_initial(map, len));
	w->uid = r == 0 ? procfs_uid_outside(map, len, (int64_t)f->euid) : (int64_t)f->euid;
	return 0;
}

/* Links are followed, as the hypervisor's open() does. */
static int find_device(struct host_work *w, const char *path, struct error *e)
{
	struct facts_device d = {.path = path};
	struct facts *f = w->facts;
	struct stat st;

	if (facts_device(f, path))
		return 0;
	/* Taken for absent, it would silently be denied to the VM. */
	if (stat(host_path(w, "%s", path), &st) < 0) {
		if (errno != ENOENT && errno != ENOTDIR && (errno != EACCES || f->euid == 0))
			return error_set_os(e, ERROR_HOST, errno, "cannot look at the device %s",
					    path);
	} else if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) {
		d.present = true;
		d.type = S_ISCHR(st.st_mode) ? 'c' : 'b';
		d.major = major(st.st_rdev);
		d.minor = minor(st.st_rdev);
		d.mode = st.st_mode & (S_IRWXU | S_IRWXG | S_IRWXO);
		d.uid = st.st_uid;
		d.gid = st.st_gid;
	}
	*ARENA_APPEND(w->arena, f->devices, f->n_devices) = d;
	return 0;
}

/* Keep the cgroups that can be acted on: of hierarchies that are mounted, and not
 * outside of our cgroup namespace. */
static void drop_unreachable(const struct facts *f, struct facts_process *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_cgroups; i++)
		if (facts_mount(f, p->cgroups[i].hierarchy) && !host_is_outside(p->cgroups[i].path))
			p->cgroups[n++] = p->cgroups[i];
	p->n_cgroups = n;
}

static int find_process(struct host_work *w, int64_t pid, struct error *e)
{
	struct facts *f = w->facts;
	struct facts_process p;

	if (facts_process(f, pid))
		return 0;
	if (procs_describe(&p, w->arena, host_path(w, "/proc"), pid, e) < 0)
		return -1;
	/* Two threads of one process are one process; init was the first. */
	if (facts_process(f, p.pid))
		return 0;
	drop_unreachable(f, &p);
	p.init = pid == w->wishes->init;
	p.kvm = w->wishes->kvm && procs_holds_vm(w->arena, host_path(w, "/proc"), p.pid);
	*ARENA_APPEND(w->arena, f->processes, f->n_processes) = p;
	return 0;
}

static int find_processes(struct host_work *w, struct error *e)
{
	const struct host_wishes *wishes = w->wishes;

	if (wishes->init != 0 && find_process(w, wishes->init, e) < 0)
		return -1;
	for (size_t i = 0; i < wishes->n_pids; i++)
		if (find_process(w, wishes->pids[i], e) < 0)
			return -1;
	return 0;
}

static int start(struct host_work *ret, struct facts *f, struct arena *a,
		 const struct host_wishes *wishes, struct error *e)
{
	*ret = (struct host_work){
	    .facts = f,
	    .arena = a,
	    .wishes = wishes,
	    .prefix = wishes->prefix ? wishes->prefix : "",
	    .look = wishes->look ? wishes->look : look_at,
	};
	return host_read_own(ret, e);
}

static int find_wished(struct host_work *w, struct error *e)
{
	for (size_t i = 0; i < w->wishes->n_devices; i++)
		if (find_device(w, w->wishes->devices[i], e) < 0)
			return -1;
	host_find_cgroups(w);
	host_find_files(w);
	return 0;
}

int host_probe(struct facts *ret, struct arena *a, const struct host_wishes *w, struct error *e)
{
	struct facts f = {0};
	struct host_work work;

	if (start(&work, &f, a, w, e) < 0 || find_machine(&work, e) < 0 ||
	    host_find_mounts(&work, e) < 0 || find_processes(&work, e) < 0)
		return -1;
	host_find_delegated(&work);
	if (find_wished(&work, e) < 0)
		return -1;
	*ret = f;
	return 0;
}

int host_extend(struct facts *f, struct arena *a, const struct host_wishes *w, struct error *e)
{
	struct host_work work;

	if (start(&work, f, a, w, e) < 0)
		return -1;
	return find_wished(&work, e);
}
