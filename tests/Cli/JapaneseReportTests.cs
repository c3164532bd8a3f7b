using System.Text.RegularExpressions;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Lessons;
using MiniGpt.Tests.Pages;
using Xunit;

namespace MiniGpt.Tests.Cli;

/// <summary>Results in Japanese: tables and lines have the numbers of the English ones, and nothing that the program says is left in English.</summary>
public sealed class JapaneseReportTests : IDisposable
{
    private const int TellingLength = 9; // of words in a message that cannot stand in a result by chance

    private static readonly string[] s_small =
        ["--layers", "1", "--width", "16", "--heads", "2", "--batch-size", "2", "--eval-batches", "1", "--schedule", "constant", "--steps", "2", "--eval-every", "2"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_model_that_continues_a_text_is_evaluated_inspected_compared_and_converted()
    {
        _folder.Write("text.txt", string.Concat(Enumerable.Repeat("To be, or not to be: that is the question.\n", 50)));
        Minigpt.Success(_folder.Root, ["train", "--data", "text.txt", "--out", "run", .. s_small, "--context", "8"]);
        string evaluation = Japanese("eval", "--model", "run", "--data", "text.txt");
        Assert.Matches(@"^トークン +2,149\n損失 +[\d.]+ ナット（自然対数）/トークン\nパープレキシティ +[\d.]+\nバイトあたりのビット数  [\d.]+\n$", evaluation);
        Assert.Single(evaluation.TrimEnd().Split('\n').Select(line => Columns(line[..Regex.Match(line, @"\d").Index])).Distinct());
        string inspection = Japanese("inspect", "run");
        foreach (string heading in (string[])["設定", "トークナイザー", "学習", "パラメーター"])
            Assert.Contains($"\n{heading}\n", inspection, StringComparison.Ordinal);
        Assert.Matches(@"名前 +型 +形 +個数 +バイト", inspection);
        Assert.Matches(@"\n学習で変わるパラメーターは [\d,]+ 個です\n$", inspection);
        Assert.Matches(@"学習 +ステップ +トークン +最良の検証損失 +最後の検証損失", Japanese("compare", "run", "--out", "page.html"));
        string converted = Japanese("convert", "--from", "run", "--to", "run.gguf", "--overwrite");
        Assert.StartsWith("run（folder）を run.gguf（gguf、f32）に書きました: パラメーター ", converted, StringComparison.Ordinal);
        Assert.Contains("\n除いたもの: ファイル metrics.jsonl\n", converted, StringComparison.Ordinal);
    }

    [Fact]
    public void A_profile_names_its_columns_and_what_is_no_operator()
    {
        _folder.Write("text.txt", string.Concat(Enumerable.Repeat("To be, or not to be: that is the question.\n", 50)));
        string profile = Minigpt.Success(_folder.Root, ["train", "--data", "text.txt", "--out", "run", .. s_small, "--context", "8", "--profile", "--language", "ja"]);
        Assert.Matches("演算 +向き +回数 +ミリ秒 +割合 +GFLOP/s +上限比", profile);
        foreach (string row in (string[])["オプティマイザー", "チェックポイント", "評価", "バッチ", "その他", "経過時間", "順伝播", "逆伝播"])
            Assert.Contains($" {row} ", profile, StringComparison.Ordinal);
    }

    [Fact]
    public void A_prediction_is_taken_apart()
    {
        string model = ExampleModel.Tiny(_folder);
        string parts = Japanese("trace", "--model", model, "--text", "To be", "--top", "4");
        Assert.StartsWith("確からしい次のトークン:\n", parts, StringComparison.Ordinal);
        Assert.Matches("\n\"?.*\" のロジットの内訳:\n", parts);
        Assert.Matches(@"\n +層 \d、(ヘッド \d|フィードフォワード) +[+-]", parts);
        Assert.Matches(@"余り +0\.0000\s+ロジット +[+-]", parts);
        Assert.Matches("位置 +トークン +勾配の長さ +勾配 · ベクトル", parts);
        string without = Japanese("trace", "--model", model, "--text", "To be", "--without-head", "2.1", "--without-layer", "3");
        Assert.Contains("\n切った部分: 層 2、ヘッド 1、層 3、アテンション、層 3、フィードフォワード。最も変わるトークン:\n", without, StringComparison.Ordinal);
        Assert.Matches(@"文章の損失: 前 [\d.]+ ナット/トークン、後 [\d.]+。", without);
        Assert.Matches("もう一つの文章のベクトル一つで、この変化のどれだけが起こるか", Japanese("trace", "--model", model, "--text", "To be", "--patch-from", "To go", "--token", "a", "--against", "e"));
        Assert.StartsWith("層 2 のニューロン 17 がロジットに足す量", Japanese("trace", "--model", model, "--neuron", "2.17"), StringComparison.Ordinal);
    }

    [Fact]
    public void Masked_words_are_filled_sentences_compared_and_the_text_scored()
    {
        _folder.Write("text.txt", string.Concat(Enumerable.Repeat("The king is dead. The queen is here. A day is long.\n", 60)));
        Minigpt.Success(_folder.Root, ["train", "--task", "masked", "--data", "text.txt", "--vocab-size", "60", "--out", "run", .. s_small, "--context", "16"]);
        string filled = Japanese("fill", "--model", "run", "--text", "The [MASK] is [MASK].", "--top", "2");
        Assert.Matches(@"^\[MASK\] 1/2\n\s+順位 +トークン +割合 %", filled);
        Assert.Matches(@"^擬似パープレキシティ  [\d.]+\n$", Japanese("fill", "--model", "run", "--score", "The king."));
        Assert.Matches(@"1 +2 +文\s", Japanese("embed", "--model", "run", "The king.", "A day."));
        string evaluation = Japanese("eval", "--model", "run");
        Assert.Matches(@"^隠した単語 +[\d,]+\n損失 +[\d.]+ ナット（自然対数）/隠した単語\n", evaluation);
        Assert.Matches(@"\n第一候補の正解率 +[\d.]+ %\n上位十候補の正解率 +[\d.]+ %\n  頻度だけで +[\d.]+ %\n  両隣の単語から +[\d.]+ %\n検証損失 +[\d.]+ ナット（自然対数）/隠したトークン。学習のときと同じ測り方\n$", evaluation);
    }

    [Fact]
    public void Gradients_are_checked_and_words_have_neighbours()
    {
        Assert.Matches(@"演算 +場合 +最大の誤差 +座標の数", Japanese("gradcheck", "Scale"));
        Assert.Contains(" 合格 ", Japanese("gradcheck", "Scale"), StringComparison.Ordinal);
        _folder.Write("vectors.txt", "3 2\n王 1 0\n女王 0.9 0.1\n林檎 -1 0\n");
        Assert.Matches(@"順位 +単語 +コサイン[^1]+1 +女王 +0\.99", Japanese("word2vec", "--model", "vectors.txt", "--near", "王"));
    }

    /// <summary>What a command prints in Japanese: with the numbers that it prints in English, and none of its words.</summary>
    private string Japanese(params string[] command)
    {
        string english = Minigpt.Success(_folder.Root, command), japanese = Minigpt.Success(_folder.Root, [.. command, "--language", "ja"]);
        Assert.Equal(Numbers(english), Numbers(japanese));
        IReadOnlyDictionary<string, string> inJapanese = Messages.Table(Language.Japanese);
        foreach ((string key, string message) in Messages.Table(Language.English).Where(message => message.Value != inJapanese[message.Key]))
        {
            string piece = Regex.Split(message, @"\{\w+\}").MaxBy(piece => piece.Length)!.Trim();
            Assert.False(piece.Length >= TellingLength && piece.Contains(' ') && japanese.Contains(piece, StringComparison.Ordinal), $"{key}: {piece}");
        }
        return japanese;
    }

    private static string[] Numbers(string text) => [.. Regex.Matches(text, @"\d[\d,.]*").Select(match => match.Value.TrimEnd('.', ',')).Order(StringComparer.Ordinal)];

    private static int Columns(string text) => text.Sum(letter => letter is >= '\u2E80' and <= '\uFFEF' ? 2 : 1);
}
