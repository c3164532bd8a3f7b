using System.Text.Json.Nodes;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Layers;
using Xunit;

namespace MiniGpt.Tests.Model.Formats;

public sealed class ConfigJsonTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_Hugging_Face_configuration_is_read()
    {
        TransformerConfig config = ConfigJson.Read(Fixtures.File("gpt2-tiny", "config.json"), out JsonObject extra);
        Assert.Equal(Gpt2.Config(65, 16, 2, 4, 32) with { BeginOfTextId = 0, EndOfTextId = 0 }, config);
        Assert.Equal((128, 8), (config.FeedForwardWidth, config.HeadSize));
        Assert.Empty(extra);
    }

    [Fact]
    public void What_was_read_is_written_back_key_for_key()
    {
        JsonObject json = Valid();
        json["resid_pdrop"] = 0.1;
        json["attn_pdrop"] = 0.2;
        json["embd_pdrop"] = 0.1;
        json["activation_function"] = "silu";
        json["n_inner"] = 77;
        json["tie_word_embeddings"] = false;
        json["bos_token_id"] = null;
        json["minigpt_positions"] = "sinusoidal";
        json["reorder_and_upcast_attn"] = true;
        json["scale_attn_weights"] = true;
        json["task_specific_params"] = new JsonObject { ["text-generation"] = new JsonObject { ["max_length"] = 50 } };
        json["_name_or_path"] = "吾輩は猫である";

        TransformerConfig config = ConfigJson.Read(_folder.Write("config.json", json.ToJsonString()), out JsonObject extra);
        Assert.Equal((Activation.Silu, PositionKind.Sinusoidal, 0.1, 77, false),
            (config.FeedForward.Activation, config.Positions.Kind, config.Dropout, config.FeedForwardWidth, config.IsTied));

        ConfigJson.Write(_folder.File("again.json"), config, extra);
        string written = File.ReadAllText(_folder.File("again.json"));
        Assert.True(JsonNode.DeepEquals(json, JsonNode.Parse(written)), written);
        Assert.Contains("吾輩は猫である", written, StringComparison.Ordinal);
    }

    [Fact]
    public void Left_out_keys_have_the_defaults_of_Hugging_Face()
    {
        TransformerConfig config = ConfigJson.Read(_folder.Write("config.json",
            """{"model_type":"gpt2","vocab_size":50257,"n_positions":1024,"n_embd":768,"n_layer":12,"n_head":12}"""), out JsonObject extra);
        Assert.Equal((0.1, 1e-5, 0.02, true, Activation.GeluTanh),
            (config.Dropout, config.Norm.Epsilon, config.InitializerRange, config.IsTied, config.FeedForward.Activation));
        Assert.Empty(extra);
    }

    [Theory]
    [InlineData("model_type", "\"opt\"", "model_type \"opt\" found, one of \"gpt2\", \"llama\"")]
    [InlineData("vocab_size", "null", "vocab_size is null, a whole number expected")]
    [InlineData("vocab_size", "-1", "vocabulary size must be positive, it is -1")]
    [InlineData("vocab_size", "\"65\"", "vocab_size is \"65\"")]
    [InlineData("n_embd", "32.5", "n_embd is 32.5")]
    [InlineData("n_embd", "1e99", "n_embd is 1e99")]
    [InlineData("n_embd", "2147483640", "parameters is more than")]
    [InlineData("n_head", "5", "5 heads do not divide a width of 32")]
    [InlineData("n_head", "0", "number of heads must be positive")]
    [InlineData("n_inner", "-3", "feed-forward width")]
    [InlineData("resid_pdrop", "1", "dropout must be at least 0 and less than 1, it is 1")]
    [InlineData("resid_pdrop", "true", "resid_pdrop is true")]
    [InlineData("layer_norm_epsilon", "0", "norm epsilon")]
    [InlineData("layer_norm_epsilon", "1e999", "layer_norm_epsilon is 1e999")]
    [InlineData("activation_function", "\"tanh\"", "gelu_new or gelu or relu or silu expected")]
    [InlineData("minigpt_positions", "\"rotary\"", "learned or sinusoidal expected")]
    [InlineData("tie_word_embeddings", "1", "true or false expected")]
    [InlineData("scale_attn_by_inverse_layer_idx", "true", "scale_attn_by_inverse_layer_idx is true, only false")]
    [InlineData("scale_attn_weights", "false", "scale_attn_weights is false, only true")]
    [InlineData("scale_attn_weights", "\"no\"", "scale_attn_weights is \"no\"")]
    [InlineData("add_cross_attention", "true", "add_cross_attention is true, only false")]
    [InlineData("eos_token_id", "-5", "end-of-text id")]
    public void A_value_that_cannot_be_is_refused_by_name(string key, string value, string reason)
    {
        JsonObject json = Valid();
        json[key] = JsonNode.Parse(value);
        AssertRefused(json.ToJsonString(), reason);
    }

    [Theory]
    [InlineData("model_type")]
    [InlineData("vocab_size")]
    [InlineData("n_embd")]
    [InlineData("n_layer")]
    [InlineData("n_head")]
    public void A_size_that_is_missing_is_named(string key)
    {
        JsonObject json = Valid();
        json.Remove(key);
        AssertRefused(json.ToJsonString(), $"there is no {key}");
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[1]")]
    [InlineData("null")]
    [InlineData("{} {}")]
    [InlineData("""{"model_type":"gpt2","model_type":"gpt2"}""")]
    [InlineData("""{"model_type":"\ud800"}""")]
    public void A_file_that_is_no_object_is_refused(string text) => AssertRefused(text, "");

    public void Dispose() => _folder.Dispose();

    private static JsonObject Valid() =>
        JsonNode.Parse(File.ReadAllText(Fixtures.File("gpt2-tiny", "config.json")))!.AsObject();

    private void AssertRefused(string text, string reason)
    {
        string path = _folder.Write("config.json", text);
        FileFormatException error = Assert.Throws<FileFormatException>(() => ConfigJson.Read(path));
        Assert.StartsWith(path + ": ", error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }
}
