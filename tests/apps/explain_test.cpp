// SPDX-License-Identifier: Apache-2.0
// tocsin explain and tocsin compare as commands: files, bytes, mistakes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include "support/command.h"
#include "tocsin/explain/npy.h"
#include "tocsin/nn/architecture.h"
#include "tocsin/nn/safetensors.h"

namespace tocsin::support {
namespace {
using ::testing::HasSubstr;

/// Two seeds of clean, attacked and sham runs of a small federation that keeps its models and maps.
class ExplainCommand : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new Folder;
    const std::string text =
        edited(edited(kBlobs, "validation = 40\n", ""), "[[variant]]\nname = \"attacked\"\n",
               "[[variant]]\nname = \"attacked\"\n[[variant]]\nname = \"sham\"\nset = { attack.name = \"sham\" }\n"
               "[explain]\nevery = 2\nimages = { same_class = 3, target_class = 3, other = 6 }\n"
               "compare = { resamples = 200 }\n");
    const Ran ran = tocsin({"run", folder_->write("exp.toml", text), "--seeds", "2", "--out", folder_->at("runs")});
    ASSERT_EQ(ran.code, 0) << ran.err;
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }
  static std::string at(const std::string& name) { return folder_->at(name); }
  static std::string run(const std::string& variant, int seed) {
    return at("runs") + "/blobs-" + variant + "-s" + std::to_string(seed);
  }
  static std::vector<std::string> comparison(const std::string& out) {
    return {"compare",          "--benign", run("clean", 3), run("clean", 4), "--attacked", run("attacked", 3),
            run("attacked", 4), "--sham",   run("sham", 3),  run("sham", 4),  "--out",      out};
  }

 private:
  static Folder* folder_;
};
Folder* ExplainCommand::folder_ = nullptr;

TEST_F(ExplainCommand, ARunKeepsModelsAndMapsAsComparedFiles) {
  const std::string done = contents(run("attacked", 3) + "/DONE");
  EXPECT_THAT(done, HasSubstr("  models/round-000002.safetensors\n"));
  EXPECT_THAT(done, HasSubstr("  models/round-000003.safetensors\n"));
  EXPECT_THAT(done, HasSubstr("  maps/round-000002/gradient-own.npy\n"));
  EXPECT_EQ(contents(run("attacked", 3) + "/models/round-000003.safetensors"), contents(run("attacked", 3) + "/model.safetensors"));
}

TEST_F(ExplainCommand, DrawsATableAsBarsAndWritesItsMaps) {
  const Ran ran = tocsin({"explain", run("clean", 3), run("attacked", 3), "--out", at("explained")});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("blobs-attacked-s3, model after round 3"));
  EXPECT_THAT(contents(at("explained") + "/explain_blobs-attacked-s3_target-own.svg"), HasSubstr("Guided Backprop"));
  const explain::Npy maps = explain::read_npy(at("explained") + "/maps/blobs-attacked-s3/lrp_z-own.npy");
  EXPECT_EQ(maps.shape.front(), 1U);
}

TEST_F(ExplainCommand, ComparesToTheSameBytesForAnyNumberOfWorkers) {
  std::vector<std::string> one = comparison(at("one")), two = comparison(at("two"));
  one.insert(one.end(), {"--workers", "1"});
  two.insert(two.end(), {"--workers", "2"});
  const Ran first = tocsin(one), second = tocsin(two);
  ASSERT_EQ(first.code, 0) << first.err;
  ASSERT_EQ(second.code, 0) << second.err;
  for (const char* file : {"/verdicts.jsonl", "/pairs.csv", "/images.csv", "/report.md"})
    EXPECT_EQ(contents(at("one") + file), contents(at("two") + file)) << file;
  EXPECT_THAT(contents(at("one") + "/report.md"), HasSubstr("## Primary"));
  EXPECT_THAT(contents(at("one") + "/report.md"), HasSubstr("| gradient | spearman | target | own |"));
}

TEST_F(ExplainCommand, SettingsOfACompareAreKeysOfItsTable) {
  std::vector<std::string> words = comparison(at("set"));
  words.insert(words.end(), {"--set", "methods=[\"gradient\"]", "--set", "images.other=2", "--json"});
  const Ran ran = tocsin(words);
  ASSERT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(lines_of(ran.out).front().rfind("{\"method\":\"gradient\"", 0), 0U);
  words.back() = "--set";
  words.emplace_back("image.other=2");
  const Ran wrong = tocsin(words);
  EXPECT_EQ(wrong.code, 10);
  EXPECT_THAT(wrong.err, HasSubstr("unknown key 'image' in [explain]"));
}

TEST_F(ExplainCommand, SaysWhatIsWrongWithRuns) {
  const auto fails = [](const std::vector<std::string>& words, int code, const std::string& message) {
    const Ran ran = tocsin(words);
    EXPECT_EQ(ran.code, code) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(message));
  };
  fails({"explain"}, 2, "what is to be explained?");
  fails({"explain", at("nowhere")}, 15, "is no finished run: it has no DONE; there is no such folder");
  fails({"explain", run("clean", 3), "--round", "1"}, 15, "kept no model of round 1; it has those of: 2, 3");
  fails({"explain", run("clean", 3), "--round", "7"}, 15, "has 3 rounds, there is no round 7");
  fails({"explain", run("clean", 3), "--methods", "gradeint"}, 2, "--methods: unknown method 'gradeint'");
  fails({"explain", run("clean", 3), "--methods", "gradient,lrp_z,gradient"}, 2, "--methods: method 'gradient' is listed twice");
  fails({"explain", run("clean", 3), "--methods", "grad_cam"}, 10, "Grad-CAM needs a convolution");
  fails({"explain", run("clean", 3), "--neuron", "mine"}, 2, "--neuron is own, label, target or class:<k>");
  fails({"explain", run("clean", 3), "--neuron", "class:99"}, 2, "--neuron: there is no neuron 99: the network has 3");
  fails({"explain", run("clean", 3), "--images", "other", "--neuron", "target"}, 10,
        "--neuron: target needs images that an attack aims at");
  fails({"explain", run("clean", 3), "--images", "others"}, 2, "unknown group of image 'others'");
  fails({"explain", run("clean", 3), "--set", "sigmas=1"}, 10, "no method here has the option 'sigmas'");
  fails({"explain", run("clean", 3), "--shared-scale"}, 2, "--shared-scale has no effect here: pair grids are of two runs");
  fails({"explain", run("clean", 3), run("clean", 4), "--shared-scale"}, 2,
        "--shared-scale has no effect here: pair grids are of images");
  fails({"explain", run("clean", 3), "--library", "1.0.5"}, 2, "--library has no effect here");
  fails({"explain", run("clean", 3), "--preset", "paper", "--library", "1.0.5", "--methods", "gradient"}, 2, "--library has no");
  fails({"compare", "--benign", run("clean", 3), "--attacked", run("attacked", 3), "--library", "1.0.5"}, 2, "--library has no");
  fails({"compare", "--benign", run("clean", 3), run("clean", 3), "--attacked", run("attacked", 3)}, 14, "is given twice");
  std::filesystem::copy(run("clean", 3), at("copy"));
  fails({"compare", "--benign", run("clean", 3), at("copy"), "--attacked", run("attacked", 3)}, 14,
        "another run of its kind has seed 3 too");
  fails({"compare", "--benign", run("attacked", 3), "--attacked", run("clean", 3)}, 14,
        "is given as benign, and its attack is 'sign_flip'");
  fails({"compare", "--benign", run("clean", 3), "--attacked", run("attacked", 3), "--sham", run("attacked", 4)}, 14,
        "is given as the control, and its attack is 'sign_flip'");
  fails({"compare", "--benign", run("clean", 3), "--attacked", run("attacked", 3), "--set", "neurons=[\"class:99\"]"}, 10,
        "there is no neuron 99");
}

TEST_F(ExplainCommand, PrintsNoPathThatATerminalWouldObey) {
  const Ran ran = tocsin({"explain", run("clean", 3), "--methods", "gradient", "--out", at("out\x1b[31m")});
  EXPECT_THAT(ran.out, HasSubstr("/out\\x1b[31m/maps/"));
  const Ran json = tocsin({"explain", run("clean", 3), "--methods", "gradient", "--json", "--out", at("out\xff")});
  EXPECT_EQ(json.code, 0) << json.err;
  const Ran compared =
      tocsin({"compare", "--benign", run("clean", 3), "--attacked", run("attacked", 3), "--out", at("out\x1b[31m")});
  EXPECT_THAT(compared.out, HasSubstr("/out\\x1b[31m/report.md"));
}

TEST_F(ExplainCommand, TellsRunsApartThatShareTheNameOfTheirFolder) {
  const std::string other = at("other") + "/blobs-clean-s3";
  std::filesystem::create_directories(at("other"));
  std::filesystem::copy(run("clean", 3), other, std::filesystem::copy_options::recursive);
  const Ran ran = tocsin({"explain", run("clean", 3), other + "/maps/..", other, "--methods", "gradient", "--out", at("apart")});
  ASSERT_EQ(ran.code, 0) << ran.err;
  for (const char* name : {"runs-blobs-clean-s3", "other-blobs-clean-s3", "other-blobs-clean-s3-2"}) {
    EXPECT_THAT(ran.out, HasSubstr(std::string(name) + ", model after round 3\n"));
    EXPECT_TRUE(std::filesystem::exists(at("apart") + "/maps/" + name + "/gradient-own.npy")) << name;
  }
  const Ran compared = tocsin({"compare", "--benign", run("clean", 3), "--attacked", other, "--out", at("apart")});
  ASSERT_EQ(compared.code, 0) << compared.err;
  EXPECT_THAT(contents(at("apart") + "/images.csv"), HasSubstr(",other-blobs-clean-s3,"));
}

TEST_F(ExplainCommand, NamesARunAfterItsFolderSafely) {
  const std::string odd = at("odd") + "/-x\"<b>\x1b[31m, y";
  std::filesystem::create_directories(at("odd"));
  std::filesystem::copy(run("clean", 3), odd, std::filesystem::copy_options::recursive);
  const Ran ran = tocsin({"explain", odd + "/models/..", "--methods", "gradient", "--out", at("odd-maps")});
  ASSERT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("_x__b___31m__y, model after round 3\n"));
  EXPECT_TRUE(std::filesystem::exists(at("odd-maps") + "/maps/_x__b___31m__y/gradient-own.npy"));
}

TEST_F(ExplainCommand, LooksAtTheOutFolderBeforeTheWork) {
  const std::string file = at("file");
  std::ofstream(file) << "text";
  const std::string damaged = at("damaged");
  std::filesystem::create_directories(damaged);
  for (const std::string& out : {file, file + "/in", std::string("/proc/out")}) {
    // The folder of runs is empty: that --out is told shows which of the two is looked at first.
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"explain", damaged}, {"compare", "--benign", damaged, "--attacked", damaged}}) {
      std::vector<std::string> whole = words;
      whole.insert(whole.end(), {"--out", out});
      const Ran ran = tocsin(whole);
      EXPECT_EQ(ran.code, 20) << ran.err;
      EXPECT_THAT(ran.err, HasSubstr("cannot create " + (out == file + "/in" ? file : out) + ": "));
    }
  }
  EXPECT_EQ(tocsin({"explain", damaged, "--out", at("new") + "/deep"}).code, 15);
  EXPECT_FALSE(std::filesystem::exists(at("new"))) << "nothing was written, so nothing is left";
}

TEST_F(ExplainCommand, WritesNothingIfALaterModelIsDamaged) {
  const std::string damaged = at("bent") + "/run";
  std::filesystem::create_directories(at("bent"));
  std::filesystem::copy(run("attacked", 3), damaged, std::filesystem::copy_options::recursive);
  for (const char* model : {"/model.safetensors", "/models/round-000003.safetensors"}) std::ofstream(damaged + model) << "bent";
  const Ran ran = tocsin({"explain", run("clean", 3), damaged, "--out", at("half")});
  EXPECT_EQ(ran.code, 11) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("the file is not the one that DONE names"));
  EXPECT_FALSE(std::filesystem::exists(at("half")));
}

TEST_F(ExplainCommand, MakesFoldersThatOthersCannotRead) {
  const mode_t mask = ::umask(0);
  const Ran ran = tocsin({"explain", run("clean", 3), "--methods", "gradient", "--out", at("mode") + "/deep"});
  ::umask(mask);
  ASSERT_EQ(ran.code, 0) << ran.err;
  using std::filesystem::perms;
  for (const char* folder : {"", "/deep", "/deep/maps", "/deep/maps/blobs-clean-s3"})
    EXPECT_EQ(std::filesystem::status(at("mode") + folder).permissions(), perms::owner_all | perms::group_read | perms::group_exec)
        << folder;
}

/// The network of tests/explain/oracle_test.cpp, through files.
class ExplainNetwork : public testing::Test {
 protected:
  ExplainNetwork() {
    folder_.write("net.toml", "layers = [{ type = \"dense\", units = 3 }, { type = \"relu\" }, { type = \"dense\", units = 2 }]\n");
    write_weights({1, 1, 2, -1, -1, 0, 1, 1, 0.5, 1, -2, 3, -1, 1, 0, 2, 0});
    write_inputs({1, 2, 1, 2});
  }
  [[nodiscard]] std::string at(const std::string& name) const { return folder_.at(name); }
  void write_weights(const std::vector<double>& values) const {
    const nn::Architecture architecture("net", {2, 1, 1}, {nn::dense(3), nn::relu(), nn::dense(2)});
    Updates parameters(1, architecture.parameters(), Element::float64);
    parameters.rows().assign(0, values);
    nn::write_safetensors(at("net.safetensors"), architecture.layout(), parameters.rows());
  }
  void write_inputs(const std::vector<double>& values) const {
    folder_.write("x.npy", explain::format_npy({values.size() / 2, 2}, std::span<const double>(values)));
  }
  [[nodiscard]] Ran explain(const std::vector<std::string>& more) const {
    std::vector<std::string> words{"explain", "--network", at("net.toml"), "--weights", at("net.safetensors"),
                                   "--input", at("x.npy"), "--out",        at("out")};
    words.insert(words.end(), more.begin(), more.end());
    return tocsin(words);
  }
  void refuses(const std::vector<std::string>& more, int code, const std::string& message) const {
    const Ran ran = explain(more);
    EXPECT_EQ(ran.code, code) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(message));
  }

  Folder folder_;
};

TEST_F(ExplainNetwork, WritesTheMapsThatOneComputesByHand) {
  const Ran ran =
      explain({"--neuron", "class:0", "--methods", "lrp_epsilon,gradient", "--set", "epsilon=1", "--precision", "float64"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  const explain::Npy map = explain::read_npy(at("out") + "/lrp_epsilon.npy");
  EXPECT_EQ(map.shape, (std::vector<std::size_t>{2, 2}));
  const auto& values = std::get<std::vector<double>>(map.values);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(values[i], (i % 2 == 0 ? -.96 : 2.88), 1e-12);
  EXPECT_THAT(contents(at("out") + "/answers.csv"), HasSubstr("0,0,4,"));
  folder_.write("net.toml", "layers = [{ type = \"dense\", units = 4 }]\n");
  refuses({}, 11, "net.safetensors");
}

TEST_F(ExplainNetwork, RefusesNeuronsThatItDoesNotHave) {
  refuses({"--neuron", "class:2"}, 2, "--neuron: there is no neuron 2: the network has 2");
  refuses({"--neuron", "label"}, 10, "--neuron: label needs labels");
  refuses({"--neuron", "target"}, 10, "--neuron: target needs images that an attack aims at");
}

TEST_F(ExplainNetwork, RefusesFlagsThatHaveNoEffect) {
  refuses({"--images", "target"}, 2, "--images has no effect here: the inputs of --input are explained, all of them");
  refuses({"--round", "2"}, 2, "--round has no effect here: a network without a run has no rounds");
  refuses({"--shared-scale"}, 2, "--shared-scale has no effect here: pair grids are of two runs");
  refuses({"--library", "1.0.5"}, 2, "--library has no effect here: the methods of --preset paper alone follow it");
  EXPECT_EQ(explain({"--library", "1.0.5", "--preset", "paper"}).code, 0);
}

TEST_F(ExplainNetwork, SaysWhatIsWrongWithSettings) {
  const auto set = [](const std::string& setting) {
    return std::vector<std::string>{"--methods", "gradient,lrp_epsilon", "--set", setting};
  };
  refuses(set("foo.epsilon=1"), 10, "--set foo.epsilon: no method here is 'foo'; known: gradient, lrp_epsilon");
  refuses(set("lrp_epsilon.foo=1"), 10, "--set lrp_epsilon.foo: no method here has the option 'foo'; known: at_zero, ");
  refuses(set("gradient.epsilon=1"), 10, "--set gradient.epsilon: no method here has the option 'epsilon'; known: ");
  refuses({"--methods", "input", "--set", "x=1"}, 10, "--set x: no method here has the option 'x'; known: none");
  refuses(set("lrp_epsilon.epsilon=nan"), 10, "error[E10] --set lrp_epsilon.epsilon: ");
  refuses(set("epsilon"), 10, "--set epsilon: expected key=value; for example --set lrp_epsilon.epsilon=0.1");
}

TEST_F(ExplainNetwork, RefusesNumbersThatItCannotHold) {
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  write_inputs({1, 2, 3, nan});
  refuses({}, 11, "x.npy: row 1: value 1 (counted from 0) is nan; 1 of 2 are not finite");
  write_inputs({1, 2, -1e300, 1});
  refuses({}, 11, "x.npy: row 1: value 0 (counted from 0) is -1e+300, beyond float32; --precision float64 can hold it");
  EXPECT_EQ(explain({"--precision", "float64", "--methods", "gradient"}).code, 0);
  write_inputs({1, 2, 3e38, 3e38});
  refuses({}, 11, "x.npy: row 1: the network's logit 0 is not finite in float32; try --precision float64");
  write_inputs({1, 2});
  write_weights({1, 1, 2, -1, -1, 0, 1, infinity, nan, 1, -2, 3, -1, 1, 0, 2, 0});
  refuses({}, 11, "net.safetensors: tensor '0.bias': value 1 (counted from 0) is inf; 2 of 3 are not finite");
}

}  // namespace
}  // namespace tocsin::support
