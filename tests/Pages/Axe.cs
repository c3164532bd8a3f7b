using Xunit;

namespace MiniGpt.Tests.Pages;

/// <summary>npm's axe-core, which looks at a page as a screen reader does.</summary>
internal static class Axe
{
    private const string Package = "axe-core";

    /// <summary>Brings it into a page, which is loaded anew; skips the test, with the reason, where it is not.</summary>
    public static async Task Load(OpenPage open)
    {
        string? modules = NodeModules.With(Package);
        Assert.SkipWhen(modules is null, $"there is no npm's {Package}; MINIGPT_NODE_MODULES says where its modules are, .ci/run installs them");
        // Whatever scripts the page itself may run.
        await open.Page.AddInitScriptAsync(scriptPath: Path.Combine(modules!, Package, "axe.min.js"));
        await open.Page.ReloadAsync();
    }

    /// <summary>Fails where it finds something serious.</summary>
    /// <param name="open">The page.</param>
    /// <param name="inside">What part of it to look at; left out, all of it.</param>
    public static async Task AssertNothingSerious(OpenPage open, string? inside = null)
    {
        string[] found = await open.Page.EvaluateAsync<string[]>("""
            async inside => (await axe.run(inside ?? document, { resultTypes: ['violations'] })).violations
              .filter(violation => ['serious', 'critical'].includes(violation.impact))
              .flatMap(violation => violation.nodes.map(node => `${violation.impact} ${violation.id}: ${node.target} ${node.html.slice(0, 160)} ${node.any.map(check => check.message).join('; ')}`))
            """, inside);
        Assert.True(found.Length == 0, string.Join('\n', found));
    }
}
