#include <exception>
#include <filesystem>
#include <new>
#include <system_error>

#include "cucurbit/engine.hpp"
#include "cucurbit/store.hpp"
#include "cucurbit/study.hpp"
#include "host/cli/process.hpp"
#include "host/cli/run_program.hpp"
#include "host/cli/talk.hpp"

// OpenBLAS asks this function of its own for OPENBLAS_NUM_THREADS when it is loaded, and starts so
// many threads, each with 128 MiB of address space, before anything here can say that one is
// enough. Under a limit (ulimit -v) they would wait for that memory for ever. An OpenBLAS that
// hides the function starts its threads as before.
extern "C" [[gnu::weak]] int openblas_num_threads_env() {
    return 1;
}

namespace {

using cucurbit::cli::complain;
using cucurbit::cli::Exit;

Exit guarded(int argc, char** argv) {
    try {
        cucurbit::cli::prepare_process();
        cucurbit::cli::start_talk();
        return cucurbit::cli::run_program(argc, argv);
    } catch (const cucurbit::cli::UsageError& error) {
        complain(error.what());
        return Exit::usage;
    } catch (const cucurbit::StudyError& error) {
        complain(error.what());
        for (const std::string& other : error.others()) complain(other);
        return Exit::usage;
    } catch (const cucurbit::DeviceError& error) {
        complain(error.what());
        return Exit::no_device;
    } catch (const std::bad_alloc&) {
        return cucurbit::cli::out_of_memory();
    } catch (const cucurbit::StoreError& error) {
        complain(error.what());
        return Exit::store;
    } catch (const std::filesystem::filesystem_error& error) {
        complain(error.what());
        return Exit::store;
    } catch (const std::system_error& error) {
        if (error.code() == std::errc::resource_unavailable_try_again) {
            complain(std::string("no more threads or memory for them: ") + error.what());
            return Exit::no_device;
        }
        complain(std::string("internal error, please report it: ") + error.what());
    } catch (const std::exception& error) {
        complain(std::string("internal error, please report it: ") + error.what());
    } catch (...) {
        complain("internal error, please report it: unknown exception");
    }
    return Exit::internal_error;
}

}  // namespace

int main(int argc, char** argv) {
    return static_cast<int>(guarded(argc, argv));
}
