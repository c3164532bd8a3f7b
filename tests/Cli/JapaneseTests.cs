using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace MiniGpt.Tests.Cli;

/// <summary>The command line in Japanese, by the real program: what it says while it trains and writes, and what it refuses.</summary>
public sealed class JapaneseTests : IDisposable
{
    private const int Failure = 1, WrongUsage = 2;
    private const string Error = "minigpt: エラー: ";

    private static readonly string[] s_japanese = ["--language", "ja"];
    private static readonly string[] s_small =
        ["--layers", "1", "--width", "16", "--heads", "2", "--context", "8", "--batch-size", "2", "--eval-batches", "1", "--log-every", "1"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Training_on_the_Japanese_text_speaks_Japanese_and_says_the_numbers_of_its_log()
    {
        Outcome outcome = Minigpt.Run(_folder.Root, ["train", "--text", "ja", .. s_small, "--steps", "4", "--eval-every", "2", "--out", "run", .. s_japanese]);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        string[] lines = outcome.Error.Split('\n');
        Assert.Matches("^モデル   パラメーター [0-9,]+ 個: 1 層、2 ヘッド.*、幅 16、文脈 8$", lines[0]);
        Assert.Equal("データ   学習 288,966 トークン、検証 32,108、語彙 3,046", lines[1]);
        Assert.Matches(@"^計算機   \d+ スレッド、.*、最大 [0-9,]+ GFLOP/s$", lines[2]);
        Assert.Equal("時間     ステップ 4 まで 1 分以内（見積もり）", lines[3]);
        Assert.Equal("出力     run", lines[6]);
        Assert.All(lines[..7], line => Assert.True(Columns(line) <= 80, line));

        JsonElement[] log = [.. File.ReadLines(_folder.File("run/metrics.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)];
        JsonElement[] steps = [.. log.Where(entry => entry.TryGetProperty("loss", out _))], evaluations = [.. log.Except(steps)];
        Assert.Equal((4, 2), (steps.Length, evaluations.Length));
        Assert.All(steps, entry => Assert.Contains(lines, line => line.StartsWith(
            $"ステップ {entry.GetProperty("step")}/4: 損失 {entry.GetProperty("loss").GetDouble():F4}、学習率 ", StringComparison.Ordinal)
            && Regex.IsMatch(line, @"、勾配ノルム [\d.]+、[\d,]+ トークン/秒、MFU [\d.]+ %、残り \d:\d\d$")));
        Assert.All(evaluations, entry => Assert.Contains(
            $"ステップ {entry.GetProperty("step")}: 学習損失 {entry.GetProperty("train_loss").GetDouble():F4}、検証損失 {entry.GetProperty("validation_loss").GetDouble():F4}"
            + (entry.GetProperty("step").GetInt32() == 4 ? "（検証用の文章全体で）" : ""), lines));
        double last = evaluations[^1].GetProperty("validation_loss").GetDouble();
        Assert.Contains(lines, line => Regex.IsMatch(line, $"^4 ステップ、0:\\d\\d、検証損失 {last:F4}。run に保存しました$"));
        Assert.Contains("学習の曲線: " + Path.Combine("run", "report.html"), lines);
        Assert.Contains("続きを読むには:", lines);
        Assert.EndsWith(" sample --model run --prompt 吾輩は猫である", lines[^2], StringComparison.Ordinal);
        Assert.Contains("<html lang=\"ja\">", File.ReadAllText(_folder.File("run/report.html")), StringComparison.Ordinal);
        Assert.DoesNotMatch("(?m)^[a-z]", outcome.Error);
    }

    [Fact]
    public void A_model_of_the_Japanese_text_is_sampled_by_a_Japanese_prompt_resumed_evaluated_and_explained()
    {
        Minigpt.Success(_folder.Root, ["train", "--text", "ja", .. s_small, "--steps", "2", "--out", "run"]);
        Outcome sample = Minigpt.Run(_folder.Root, ["sample", "--model", "run", "--prompt", "吾輩は", "--tokens", "5", "--samples", "2", "--stats", .. s_japanese]);
        Assert.StartsWith("== 文章 1/2 ==\n吾輩は", sample.Output, StringComparison.Ordinal);
        Assert.Contains("\n\n== 文章 2/2 ==\n吾輩は", sample.Output, StringComparison.Ordinal);
        Assert.Matches(@"^プロンプト: 3 トークン [\d.]+ 秒（[\d,.]+ トークン/秒）。最初のトークンまで [\d.]+ 秒。残り: \d+ トークン ", sample.Error);
        string table = Minigpt.Success(_folder.Root, ["sample", "--model", "run", "--prompt", "猫", "--tokens", "1", "--temperature", "0", "--show-probabilities", "2", .. s_japanese]);
        Assert.Matches(@"順位 +トークン +割合 %[^\n]*\n[^\n]*\n +1 +"".+"" +\d+\.\d\d .*<- 選択", table);

        // The run knows which text it was: it goes on, and is evaluated, without being told.
        JsonElement options = JsonDocument.Parse(File.ReadAllText(_folder.File("run/training.json"))).RootElement.GetProperty("options");
        Assert.Equal(("ja", 0), (options.GetProperty("text").GetString(), options.GetProperty("data").GetArrayLength()));
        Outcome resumed = Minigpt.Run(_folder.Root, ["train", "--resume", "run", "--steps", "3", .. s_japanese]);
        Assert.StartsWith("注: ステップ 2 の次から続けます\n", resumed.Error, StringComparison.Ordinal);
        Outcome evaluated = Minigpt.Run(_folder.Root, ["eval", "--model", "run", "--json", .. s_japanese]);
        Assert.Equal("注: 学習のときに検証用に取っておいた 32,108 トークンで評価しました\n", evaluated.Error);
        Assert.Equal(Minigpt.Success(_folder.Root, "eval", "--model", "run", "--json"), evaluated.Output);
        Outcome explained = Minigpt.Run(_folder.Root, ["explain", "--model", "run", "--out", "page.html", .. s_japanese]);
        Assert.EndsWith("page.html に書きました。ブラウザーで開いてください\n", explained.Error, StringComparison.Ordinal);
        Assert.Contains("\"猫\"", File.ReadAllText(_folder.File("page.html")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(WrongUsage, "'trian' というコマンドはありません（'train' のことですか?）。一覧は ", "trian")]
    [InlineData(WrongUsage, "'王' はどのオプションの値でもありません。書き方は ", "fill", "王")]
    [InlineData(WrongUsage, "--setps というオプションはありません（'--steps' のことですか?）。一覧は ", "train", "--setps", "3")]
    [InlineData(WrongUsage, "--steps: 'many' は使えません。1 以上の整数を指定してください。使い方は ", "train", "--steps", "many")]
    [InlineData(WrongUsage, "--threads: '9999' は使えません。0 から 1024 までの整数を指定してください", "sample", "--threads", "9999")]
    [InlineData(WrongUsage, "--dropout: 'x' は使えません。数を指定してください", "train", "--dropout", "x")]
    [InlineData(WrongUsage, "--preset: 'gtp2' は使えません。quick|long|tiny|baby|gpt2 のどれかを指定してください（'gpt2' のことですか?）", "train", "--preset", "gtp2")]
    [InlineData(WrongUsage, "--vocab-size が必要です", "tokenize", "train", "--data", "text.txt", "--out", "t")]
    [InlineData(WrongUsage, "学習率は正の数でなければなりません（今は -1）", "train", "--preset", "tiny", "--learning-rate", "-1")]
    [InlineData(WrongUsage, "ドロップアウトは 0 以上 1 未満でなければなりません（今は 1.5）", "train", "--dropout", "1.5")]
    [InlineData(WrongUsage, "幅 16 は 3 ヘッドで割り切れません", "train", "--preset", "tiny", "--width", "16", "--heads", "3")]
    [InlineData(WrongUsage, "温度は 0 以上の数でなければなりません（今は -1）", "sample", "--temperature", "-1")]
    [InlineData(WrongUsage, "--text と --data の両方があります。どちらか一方にしてください", "train", "--text", "ja", "--data", "text.txt")]
    [InlineData(WrongUsage, "--text は文章の続きを書くモデルか、穴を埋めるモデルのためのものです。--task translate は対訳を読みます", "train", "--task", "translate", "--text", "ja")]
    [InlineData(WrongUsage, "--text は --resume と一緒に使えません", "train", "--resume", "run", "--text", "ja")]
    [InlineData(WrongUsage, "--model がなく、runs の下にモデルがありません。", "sample")]
    [InlineData(WrongUsage, "--interactive は --samples と一緒に使えません", "sample", "--interactive", "--samples", "2")]
    [InlineData(WrongUsage, "'nothing' というレッスンはありません。あるのは ", "lesson", "nothing")]
    [InlineData(Failure, "missing.txt: ファイルもフォルダもありません\n", "train", "--data", "missing.txt")]
    [InlineData(Failure, "empty.txt: ファイルが空です。文章が要ります\n", "train", "--data", "empty.txt")]
    [InlineData(Failure, "folder: 文章がありません。.txt か .md で終わるファイルが必要です\n", "train", "--data", "folder")]
    [InlineData(Failure, "pictures: 文章がありません。.txt か .md で終わるファイルが必要です（文章ではないため飛ばしました: cat.txt）（空のため飛ばしました: a.txt, b.txt, c.txt ほか 1 個）\n", "train", "--data", "pictures")]
    [InlineData(Failure, "22 トークンの文章は短すぎます。文脈 128 には少なくとも 129 トークンが要ります\n", "train", "--data", "text.txt", "--validation-fraction", "0")]
    [InlineData(Failure, "ファイルがありません: ", "sample", "--model", "MODEL", "--ids", "--prompt-file", "missing.txt", "--tokenizer", "gpt2")]
    [InlineData(Failure, "folder: config.json がありません。config.json と model.safetensors のあるモデルのフォルダを指定してください\n", "sample", "--model", "folder")]
    [InlineData(Failure, "nowhere: フォルダがありません。tokenizer.json か、vocab.json と merges.txt か、", "train", "--data", "text.txt", "--tokenizer", "nowhere")]
    [InlineData(Failure, "nowhere: training.json がありません。学習のフォルダを指定してください\n", "train", "--resume", "nowhere")]
    [InlineData(Failure, "nowhere: ファイルもフォルダもありません。モデルのフォルダか、.gguf、llm.c、llama2.c のファイルを指定してください\n", "sample", "--model", "nowhere")]
    [InlineData(Failure, "両方向に読む（エンコーダー）モデルです。文章の続きを書く（デコーダー）モデルが要ります: dotnet ", "sample", "--model", "BERT", "--ids")]
    [InlineData(WrongUsage, "には文章を書くためのトークナイザーがありません。", "sample", "--model", "MODEL")]
    public void What_is_wrong_is_told_in_one_line_of_Japanese(int exitCode, string told, params string[] arguments)
    {
        _folder.Write("text.txt", "A text of a few words.");
        _folder.Write("empty.txt", "");
        Directory.CreateDirectory(_folder.File("folder"));
        Directory.CreateDirectory(_folder.File("pictures"));
        foreach (string name in (string[])["a", "b", "c", "d"])
            _folder.Write($"pictures/{name}.txt", "");
        _folder.Write("pictures/cat.txt", [0xFF, 0xD8, 0xFF, 0xE0, 0, 0x10, (byte)'J', 0, 0, 1]);
        string[] named = [.. arguments.Select(argument => argument switch
        {
            "MODEL" => Fixtures.File("gpt2-tiny"),
            "BERT" => Fixtures.File("family/bert-tiny"),
            _ => argument,
        })];
        Assert.StartsWith(Error, Minigpt.Refusal(_folder.Root, exitCode, told, [.. named, .. s_japanese]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_character_that_the_vocabulary_does_not_have_is_told_with_its_place_and_the_option_that_helps()
    {
        _folder.Write("text.txt", string.Concat(Enumerable.Repeat("吾輩は猫である。\n", 20)));
        Minigpt.Success(_folder.Root, ["train", "--data", "text.txt", .. s_small, "--steps", "1", "--out", "run"]);
        string[] sample = ["sample", "--model", "run", "--tokens", "1", .. s_japanese];
        Assert.Equal($"{Error}文字 '犬' (U+72AC)（2 行目の 3 文字目）は語彙にありません。--unknown skip なら読み飛ばします\n",
            Minigpt.Refusal(_folder.Root, Failure, "犬", [.. sample, "--prompt", "吾輩\nは猫犬"]));
        Assert.StartsWith("吾輩\nは猫", Minigpt.Success(_folder.Root, [.. sample, "--prompt", "吾輩\nは猫犬", "--unknown", "skip"]), StringComparison.Ordinal);
        string taken = Minigpt.Refusal(_folder.Root, WrongUsage, "run", ["train", "--data", "text.txt", .. s_small, "--out", "run", .. s_japanese]);
        Assert.Equal($"{Error}run にはもうモデルがあります: --resume run で学習を続けるか、--overwrite で置き換えます\n", taken);
        _folder.Write("broken.txt", [.. "吾輩は猫である。吾輩は猫である。"u8, 0xFF, (byte)'\n']);
        Outcome broken = Minigpt.Run(_folder.Root, ["train", "--data", "broken.txt", "--validation-fraction", "0", .. s_small, "--steps", "1", "--out", "again", .. s_japanese]);
        Assert.Contains("broken.txt: UTF-8 でないバイト列が 1 か所あり、U+FFFD に置き換えました\n", broken.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, "LC_ALL", "ja_JP.UTF-8")]
    [InlineData(true, "LC_MESSAGES", "ja")]
    [InlineData(false, "LC_MESSAGES", "de_DE.UTF-8", "LANG", "ja_JP.UTF-8")]
    public void Without_the_option_the_locale_decides(bool isJapanese, params string[] variables)
    {
        Dictionary<string, string> environment = new() { ["LC_ALL"] = "", ["LC_MESSAGES"] = "", ["LANG"] = "" };
        foreach (string[] pair in variables.Chunk(2))
            environment[pair[0]] = pair[1];
        Outcome outcome = Minigpt.OutcomeOf(Minigpt.Start(_folder.Root, environment, "sample"));
        Assert.StartsWith(isJapanese ? $"{Error}--model がなく" : "minigpt: no --model is given", outcome.Error, StringComparison.Ordinal);
        Outcome asked = Minigpt.OutcomeOf(Minigpt.Start(_folder.Root, environment, "sample", "--language", isJapanese ? "en" : "ja"));
        Assert.StartsWith(isJapanese ? "minigpt: no --model is given" : $"{Error}--model がなく", asked.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_language_of_the_messages_does_not_choose_the_text_and_a_note_says_how_to()
    {
        string[] train = ["train", .. s_small, "--steps", "1", "--eval-every", "0"];
        Outcome japanese = Minigpt.Run(_folder.Root, [.. train, "--out", "one", .. s_japanese]);
        Assert.StartsWith("注: 学ぶ文章は英語のシェイクスピアです。--text ja なら", japanese.Error, StringComparison.Ordinal);
        Outcome english = Minigpt.Run(_folder.Root, [.. train, "--out", "other", "--text", "en"]);
        Assert.StartsWith("model    ", english.Error, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(_folder.File("one/model.safetensors")), File.ReadAllBytes(_folder.File("other/model.safetensors")));
        Assert.Contains("--language does not choose it", Unwrapped(Minigpt.Success(_folder.Root, "train", "--help")), StringComparison.Ordinal);
    }

    [Fact]
    public void On_a_terminal_of_60_columns_no_frame_of_the_display_and_no_row_of_a_table_is_wider()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Minigpt.Shell(_folder.Root, "command -v script").ExitCode == 0, "there is no script(1) to give it a terminal");
        string[] frames = Drawn($"minigpt train --text ja {string.Join(' ', s_small)} --steps 40 --eval-every 20 --out run", "ステップ +[0-9]+/40 [━─]|検証損失 .*[▁▂▃▄▅▆▇█]|^学習率|^MFU");
        Assert.True(frames.Length >= 4, string.Join('\n', frames));
        Assert.All(frames, line => Assert.True(Columns(line) <= 60, line));
        string[] rows = Drawn("minigpt sample --model run --prompt 猫 --tokens 2 --show-probabilities 3", "順位|───|^ +[1-3] ");
        Assert.Equal(10, rows.Length);
        Assert.All(rows, line => Assert.True(Columns(line) <= 60, line));
        string[] help = Drawn("minigpt --help", "^  [^m]");
        Assert.True(help.Length > 30, string.Join('\n', help));
        Assert.All(help, line => Assert.True(Columns(line) <= 60 || line.Contains("成功なら", StringComparison.Ordinal), line));

        string[] Drawn(string command, string pattern)
        {
            Outcome outcome = Minigpt.Shell(_folder.Root, $"script -qec \"stty cols 60 rows 40; {command} --language ja\" /dev/null < /dev/null");
            Assert.True(outcome.ExitCode == 0, outcome.Output);
            return [.. Regex.Split(Regex.Replace(outcome.Output, "\u001b\\[[0-9;?]*[A-Za-z]", ""), "[\r\n]+").Where(line => Regex.IsMatch(line, pattern))];
        }
    }

    [Fact]
    public void Help_has_its_headings_and_what_the_verbs_do_in_Japanese()
    {
        string help = Minigpt.Success(_folder.Root, ["--help", .. s_japanese]);
        Assert.StartsWith("MiniGpt はトランスフォーマーを学習し、", help, StringComparison.Ordinal);
        Assert.Contains("\n使い方:\n  minigpt VERB [options]\n\nふだん使うもの:\n  train ", help, StringComparison.Ordinal);
        Assert.Contains("\n終了コード:\n  成功なら 0、失敗なら 1、使い方の誤りなら 2、Ctrl-C、SIGTERM、端末が閉じたときは 130\n", help, StringComparison.Ordinal);
        string train = Minigpt.Success(_folder.Root, ["help", "train", .. s_japanese]);
        Assert.Equal(train, Minigpt.Success(_folder.Root, ["train", "--help", .. s_japanese]));
        foreach (string heading in (string[])["使い方", "ふだん使うオプション", "モデル", "データ", "更新", "複数の計算機", "評価、文章の見本、チェックポイント", "例"])
            Assert.Contains($"\n{heading}:\n  ", train, StringComparison.Ordinal);
    }

    private static string Unwrapped(string text) => Regex.Replace(text, @"\s+", " ");

    private static int Columns(string line) => line.Sum(letter => letter is >= '\u2E80' and <= '\uFFEF' ? 2 : 1);
}
