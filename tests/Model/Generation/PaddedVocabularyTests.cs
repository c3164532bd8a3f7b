using MiniGpt.Model.Architectures;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Tokenizers;
using Xunit;

namespace MiniGpt.Tests.Model.Generation;

/// <summary>Models whose embedding was padded beyond their tokenizer's vocabulary, as nanoGPT pads 50257 to 50304.</summary>
public class PaddedVocabularyTests
{
    [Fact]
    public async Task Spare_ids_are_never_drawn_however_likely_they_are()
    {
        CharacterTokenizer tokenizer = CharacterTokenizer.FromText("abcdefgh");
        Decoder<float> model = new(Gpt2.Config(vocabularySize: 19, context: 8, layers: 1, heads: 1, width: 8));
        model.Initialize(1);
        // The spare rows are what the last hidden state is made of: they get all the probability.
        for (int row = 8; row < 19; row++)
            model.Tokens.Table.Value.Slice(0, row, 1).Span.Fill(row % 2 == 0 ? 9 : -9);
        model.Stack.FinalNorm!.Bias!.Value.Span.Fill(5);
        SamplingOptions options = new() { Temperature = 3, RepetitionPenalty = 1.2 };
        Assert.Contains(new Generator<float>(model).Generate([1], options).Take(50), id => id >= 8);
        Assert.All(new Generator<float>(model, tokenizer).Generate([1, 18], options).Take(200), id => Assert.InRange(id, 0, 7));
        string text = "";
        await foreach (string piece in new Generator<float>(model, tokenizer).StreamAsync("abc", options, tokens: 50))
            text += piece;
        Assert.Equal(50, text.Length);
    }
}
