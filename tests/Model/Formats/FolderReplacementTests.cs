using MiniGpt.Model.Architectures;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Tokenizers;
using Xunit;

namespace MiniGpt.Tests.Model.Formats;

/// <summary>Commands that put a model or a tokenizer in the place of another: wherever they stop, the old one is there or the new one.</summary>
public sealed class FolderReplacementTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private int _turn;

    private string Target => _folder.File($"model{_turn}");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_model_is_replaced_as_one(bool stays)
    {
        DiskFaults.AtEveryStep(least: 20, stays,
            () =>
            {
                _turn++;
                ModelFolder.Save(Target, Model(width: 8, seed: 1), CharacterTokenizer.FromText("ab"));
            },
            () => ModelFolder.Save(Target, Model(width: 4, seed: 2), CharacterTokenizer.FromText("cd")),
            failed =>
            {
                LoadedModel<float> found = ModelFolder.Load<float>(Target);
                (int width, ulong seed, string text) = found.Model.Config.Width == 8 ? (8, 1UL, "ab") : (4, 2UL, "cd");
                Assert.True(text == "cd" || failed.IsReported, $"{failed}: the old model is there and nobody was told");
                Assert.Equal((failed, text), (failed, found.Tokenizer!.Decode([0, 1])));
                Assert.Equal(Model(width, seed).Parameters.Values.Span.ToArray(), found.Model.Parameters.Values.Span.ToArray());

                ModelFolder.Save(Target, Model(width: 4, seed: 3), CharacterTokenizer.FromText("cd"));
                Assert.Equal(["config.json", "model.safetensors", "tokenizer.json"], Names());
            });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_tokenizer_is_replaced_as_one_and_takes_the_older_pair_with_it(bool stays)
    {
        BytePairTokenizer one = Learn("abababab"), two = Learn("cdcdcdcd");
        DiskFaults.AtEveryStep(least: 20, stays,
            () =>
            {
                _turn++;
                TokenizerFolder.Write(Target, one);
                File.WriteAllText(Path.Combine(Target, "encoder.json"), "{}");
                File.WriteAllText(Path.Combine(Target, "vocab.bpe"), "");
            },
            () => TokenizerFolder.Write(Target, two),
            failed =>
            {
                string hash = TokenizerFolder.Read(Target).Hash;
                Assert.Contains(hash, failed.IsReported ? [one.Hash, two.Hash] : (string[])[two.Hash]);
                // The three files are of one tokenizer: without the first, the pair gives the same.
                File.Delete(Path.Combine(Target, "tokenizer.json"));
                Assert.Equal((failed, hash), (failed, TokenizerFolder.Read(Target).Hash));
                TokenizerFolder.Write(Target, two);
                Assert.Equal(["merges.txt", "tokenizer.json", "vocab.json"], Names());
            });
    }

    [Theory]
    [InlineData("../secret", "abc", "a file '../secret' found")]
    [InlineData("notes.txt", "abc", "a file 'notes.txt' found")]
    public void A_note_from_elsewhere_reaches_for_no_other_file(string name, string checksum, string reason)
    {
        ModelFolder.Save(Target, Model(width: 4, seed: 1));
        File.WriteAllText(Path.Combine(Target, FolderReplacement.NoteFile), $$"""{"files":{"{{name}}":"{{checksum}}"},"replaced":[]}""");
        Assert.Contains(reason, Assert.Throws<FileFormatException>(() => ModelFolder.Load<float>(Target)).Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(Target, FolderReplacement.NoteFile), $$"""{"files":{},"replaced":["{{name}}"]}""");
        Assert.Throws<FileFormatException>(() => ModelFolder.Load<float>(Target));
    }

    [Fact]
    public void A_note_whose_files_are_not_there_deletes_nothing()
    {
        ModelFolder.Save(Target, Model(width: 4, seed: 1));
        File.WriteAllText(Path.Combine(Target, FolderReplacement.NoteFile), """{"files":{"model.safetensors":"abc"},"replaced":["config.json"]}""");
        Assert.Equal(4, ModelFolder.Load<float>(Target).Model.Config.Width);
        Assert.Equal(["config.json", "model.safetensors"], Names());
    }

    private string[] Names() => [.. Directory.GetFiles(Target).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private static Decoder<float> Model(int width, ulong seed)
    {
        Decoder<float> gpt = new(Gpt2.Config(2, 4, 1, 1, width));
        gpt.Initialize(seed);
        return gpt;
    }

    private static BytePairTokenizer Learn(string text)
    {
        BytePairTrainer trainer = new(["<|endoftext|>"]);
        trainer.Add(System.Text.Encoding.UTF8.GetBytes(text), isFinalBlock: true);
        return trainer.Train(258);
    }
}
