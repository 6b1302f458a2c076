#include <exception>
#include <filesystem>
#include <new>

#include "cucurbit/engine.hpp"
#include "cucurbit/store.hpp"
#include "cucurbit/study.hpp"
#include "host/cli/program.hpp"
#include "host/cli/talk.hpp"

namespace {

using cucurbit::cli::complain;
using cucurbit::cli::Exit;

Exit guarded(int argc, char** argv) {
    try {
        cucurbit::cli::start_talk();
        return cucurbit::cli::run_program(argc, argv);
    } catch (const cucurbit::cli::UsageError& error) {
        complain(error.what());
        return Exit::usage;
    } catch (const cucurbit::StudyError& error) {
        complain(error.what());
        return Exit::usage;
    } catch (const cucurbit::DeviceError& error) {
        complain(error.what());
        return Exit::no_device;
    } catch (const std::bad_alloc&) {
        complain("out of memory");
        return Exit::no_device;
    } catch (const cucurbit::StoreError& error) {
        complain(error.what());
        return Exit::store;
    } catch (const std::filesystem::filesystem_error& error) {
        complain(error.what());
        return Exit::store;
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
