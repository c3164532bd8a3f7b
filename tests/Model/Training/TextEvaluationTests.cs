using System.Runtime.InteropServices;
using System.Text;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Model.Training;
using MiniGpt.Tests.Model.Data;
using Xunit;

namespace MiniGpt.Tests.Model.Training;

[Collection("Alone")] // memory is measured
public sealed class TextEvaluationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_text_and_its_tokens_have_the_same_loss_and_bits_per_byte()
    {
        const string text = "ab猫abba猫猫ab";
        CharacterTokenizer tokenizer = CharacterTokenizer.FromText(text);
        LoadedModel<float> model = Model(tokenizer, tokenizer.VocabularySize);
        TextEvaluation ofText = TextEvaluation.Run(model, _folder.Write("text.txt", text));
        TextEvaluation ofTokens = TextEvaluation.Run(model, Tokens(tokenizer.Encode(text)));
        Assert.Equal(ofText, ofTokens);
        Assert.Equal(text.Length - 1, ofText.Tokens);
        Assert.Equal(ofText.Loss * ofText.Tokens / Math.Log(2) / Encoding.UTF8.GetByteCount(text), ofText.BitsPerByte!.Value, 1e-12);
    }

    [Fact]
    public void Characters_that_were_left_out_are_no_bytes_of_the_text()
    {
        CharacterTokenizer tokenizer = CharacterTokenizer.FromText("ab", UnknownCharacter.Skip);
        LoadedModel<float> model = Model(tokenizer, tokenizer.VocabularySize);
        TextEvaluation plain = TextEvaluation.Run(model, _folder.Write("plain.txt", "abbaab"));
        TextEvaluation mixed = TextEvaluation.Run(model, _folder.Write("mixed.txt", "a猫猫bb吾輩は猫であるaab"));
        Assert.Equal(plain, mixed);
    }

    [Fact]
    public void Bits_per_byte_are_unknown_where_the_tokenizer_does_not_know_an_id()
    {
        LoadedModel<float> model = Model(CharacterTokenizer.FromText("ab"), vocabularySize: 8);
        Assert.NotNull(TextEvaluation.Run(model, Tokens([0, 1, 1])).BitsPerByte);
        TextEvaluation padded = TextEvaluation.Run(model, Tokens([0, 1, 7]));
        Assert.Equal((2, null), (padded.Tokens, padded.BitsPerByte));
        Assert.Contains("the id 8 found, at most the 7 of this model expected",
            Assert.Throws<FileFormatException>(() => TextEvaluation.Run(model, Tokens([0, 8]))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_of_which_nothing_is_left_is_too_short()
    {
        CharacterTokenizer tokenizer = CharacterTokenizer.FromText("ab", UnknownCharacter.Skip);
        LoadedModel<float> model = Model(tokenizer, tokenizer.VocabularySize);
        foreach ((string text, int tokens) in ((string, int)[])[("猫", 0), ("猫a", 1)])
        {
            Assert.Contains($"a text of {tokens} tokens is too short", Assert.Throws<ArgumentException>(
                () => TextEvaluation.Run(model, _folder.Write("text.txt", text))).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_tokens_of_a_text_are_not_kept_in_memory()
    {
        const int characters = 24_000_000;
        CharacterTokenizer tokenizer = CharacterTokenizer.FromText("ab");
        LoadedModel<float> model = Model(tokenizer, tokenizer.VocabularySize);
        string path = _folder.Write("text.txt", new string('a', characters));
        using CancellationTokenSource cancel = new();
        long before = GC.GetTotalMemory(forceFullCollection: true), kept = 0;
        DataWatch watch = new(progress =>
        {
            if (progress is { Stage: "tokenising" } && progress.Done == progress.Total)
            {
                kept = GC.GetTotalMemory(forceFullCollection: true) - before;
                cancel.Cancel();
            }
        });
        Assert.ThrowsAny<OperationCanceledException>(() => TextEvaluation.Run(model, path, progress: watch, cancellationToken: cancel.Token));
        // A block and its ids: a list of all ids has at least 96 MB.
        Assert.InRange(kept, 1, 70_000_000);
    }

    private static LoadedModel<float> Model(ITokenizer tokenizer, int vocabularySize)
    {
        Decoder<float> gpt = new(Gpt2.Config(vocabularySize, 4, 1, 1, 4));
        gpt.Initialize(1);
        return new LoadedModel<float>("model", gpt, tokenizer, []);
    }

    private string Tokens(int[] ids) =>
        _folder.Write("tokens.bin", [.. MemoryMarshal.AsBytes<ushort>(Array.ConvertAll(ids, id => (ushort)id))]);
}
