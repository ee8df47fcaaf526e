// SPDX-License-Identifier: Apache-2.0
// Whole files in, whole files out, and the file of lines, on plain system calls: a stream would report a full disk too late.
// reliability.md, 2.1 and 4.5: regular files only, a limit before the first byte, interrupted and short calls continued, a failed
// flush believed at once and never repeated.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "tocsin/core/bytes.h"

namespace tocsin {
namespace {
constexpr std::size_t kMostPerCall = std::size_t{1} << 30;  // Linux moves at most 2 GiB a call anyway

std::string cause_of(int error) { return std::generic_category().message(error); }

/// An open descriptor, closed with its scope.
class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  ~Descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return descriptor_; }
  /// Closes now; false with errno if that fails (a network file system may only then report a lost write).
  bool close() { return ::close(std::exchange(descriptor_, -1)) == 0; }

 private:
  int descriptor_;
};

template <class Call>
auto retried(Call&& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

[[noreturn]] void fail_write(const std::string& path, int error, std::size_t wanted) {
  std::string hint = "check the path and its permissions";
  struct statvfs space {};
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  if (full && ::statvfs(folder.c_str(), &space) == 0)
    hint = fmt::format("{} bytes to write, {} bytes free", wanted, std::uint64_t{space.f_bavail} * space.f_frsize);
  throw RunError(Exit::io, fmt::format("cannot write {}: {}", printable(path, 4096), cause_of(error)), hint);
}

/// All of `bytes`, over short writes. False with errno.
bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = retried([&] { return ::write(descriptor, bytes.data(), std::min(bytes.size(), kMostPerCall)); });
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool sync_folder(const std::string& folder) {
  const Descriptor descriptor(retried([&] { return ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (descriptor.get() < 0) return false;
  return ::fsync(descriptor.get()) == 0 || errno == EINVAL;  // some file systems cannot, and say so
}

int create(const std::string& path, int extra) {
  return retried([&] { return ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | extra, 0640); });
}

bool same_state(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}
}  // namespace

std::string program_prefix() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path().parent_path().string();
}

FileBytes read_file(const std::string& path, std::uint64_t limit) {
  if (path.find('\0') != std::string::npos) throw DataError(path, {}, "a path cannot hold a NUL byte");
  const Descriptor file(retried([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); }));
  if (file.get() < 0) throw DataError(path, {}, "cannot be opened: " + cause_of(errno));
  const auto fail_read = [&] {
    throw RunError(Exit::io, fmt::format("cannot read {}: {}", printable(path, 4096), cause_of(errno)), "check the disk");
  };
  struct stat before {};
  struct stat after {};
  if (::fstat(file.get(), &before) != 0) fail_read();
  if (!S_ISREG(before.st_mode)) throw DataError(path, {}, "is not a regular file");
  const std::uint64_t size = static_cast<std::uint64_t>(before.st_size);
  if (size > limit) throw DataError(path, {}, fmt::format("is {} bytes long, the limit is {}", size, limit));
  FileBytes result{path, std::vector<unsigned char>(size), ""};
  std::size_t have = 0;
  unsigned char one_more = 0;
  for (;;) {
    const bool full = have == size;  // then only the end of the file may follow
    void* const to = full ? &one_more : &result.bytes[have];
    const std::size_t room = full ? 1 : std::min<std::size_t>(size - have, kMostPerCall);
    const ssize_t got = retried([&] { return ::read(file.get(), to, room); });
    if (got < 0) fail_read();
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
    if (full) break;
  }
  if (::fstat(file.get(), &after) != 0) fail_read();
  if (have != size || !same_state(before, after))
    throw DataError(path, {}, "changed while it was read", "wait until it is complete, then try again");
  result.sha256 = sha256_hex(result.bytes);
  return result;
}

void make_folders(const std::string& path) {
  const std::filesystem::path folder(path);
  std::error_code ignored;
  if (path.empty() || std::filesystem::is_directory(folder, ignored)) return;
  if (folder.has_parent_path() && folder.parent_path() != folder) make_folders(folder.parent_path().string());
  int error = ::mkdir(path.c_str(), 0750) == 0 ? 0 : errno;
  if (std::filesystem::is_directory(folder, ignored)) return;
  if (error == 0 || error == EEXIST) error = ENOTDIR;
  throw RunError(Exit::io, fmt::format("cannot create {}: {}", printable(path, 4096), cause_of(error)),
                 "check the path, its permissions and the space left");
}

void write_file(const std::string& path, std::string_view bytes) {
  const std::string temporary = path + ".tmp";
  int descriptor = create(temporary, 0);
  if (descriptor < 0 && errno == EEXIST && ::unlink(temporary.c_str()) == 0)
    descriptor = create(temporary, 0);  // of a killed process
  if (descriptor < 0) fail_write(path, errno, bytes.size());
  Descriptor file(descriptor);
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  const bool written =
      write_all(file.get(), bytes) && ::fsync(file.get()) == 0 && file.close() && ::rename(temporary.c_str(), path.c_str()) == 0;
  if (!written) {
    const int error = errno;
    ::unlink(temporary.c_str());
    fail_write(path, error, bytes.size());
  }
  if (!sync_folder(folder)) fail_write(path, errno, bytes.size());
}

LineFile::LineFile(const std::string& path) : path_(path), descriptor_(create(path, O_APPEND)) {
  if (descriptor_ < 0) fail_write(path_, errno, 0);
}

LineFile::~LineFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void LineFile::append(std::string_view line) {
  require(line.find('\n') == std::string_view::npos, "{}: a line may not hold a line end", path_);
  std::string bytes(line);
  bytes += '\n';
  if (descriptor_ < 0) fail_write(path_, EBADF, bytes.size());
  if (!write_all(descriptor_, bytes)) give_up(bytes.size());
}

void LineFile::sync() {
  if (descriptor_ < 0) fail_write(path_, EBADF, 0);
  if (::fdatasync(descriptor_) != 0) give_up(0);
}

void LineFile::give_up(std::size_t wanted) {
  const int error = errno;
  ::close(std::exchange(descriptor_, -1));
  fail_write(path_, error, wanted);
}

}  // namespace tocsin
